"""The variables of the processes: from the environment, then from .env, then defaults."""

import os
import secrets
import shlex
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from dotenv import dotenv_values
from sqlalchemy import URL

from core import service_links, vapid
from core.settings import Settings, SettingsError, load_settings
from dev.errors import RunError

LOOPBACK = "127.0.0.1"
PORTS = ("API_PORT", "IM_PORT", "FLOWER_PORT")
# An empty value says that the app has no profiles, no strangers, or no log-in.
_MAY_BE_EMPTY = ("PROFILE_LOADER", "KNOWS_LOADER", "JWT_SECRET")
_QUEUES_AND_CACHE = ("BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL")
SERVICES = ("DATABASE_URL", *_QUEUES_AND_CACHE)


def read(env_file: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of env_file, if it exists, overridden by the environment.

    An empty value counts as not set, except where it has a meaning. A port variable that has the address of a service
    counts as not set too.
    """
    from_file = dotenv_values(env_file, interpolate=False)
    ours = service_links.without(environ)
    return {name: value or "" for name, value in {**from_file, **ours}.items() if value or name in _MAY_BE_EMPTY}


def take_from_others(path: Path) -> bool:
    """Let only the owner use a file or a folder. Return whether other users could use it before.

    It changes nothing that belongs to another user, or that is shared on purpose, such as /tmp and /dev/null.
    """
    try:
        mode = path.stat().st_mode
        is_plain = stat.S_ISREG(mode) or (stat.S_ISDIR(mode) and not mode & stat.S_ISVTX)
        if not is_plain or not mode & 0o077:
            return False
        path.chmod(stat.S_IMODE(mode) & ~0o077)
    except OSError:
        return False
    return True


def complete(given: Mapping[str, str], root: Path) -> dict[str, str]:
    """Return given with defaults for all variables but the URLs of queues and cache. Create DATA_DIR and its secrets.

    Raise RunError when DATA_DIR can't be used.
    """
    data_dir = (root / given.get("DATA_DIR", ".data")).resolve()
    env = {
        "DATABASE_URL": URL.create("sqlite", database=str(data_dir / "toutiao.sqlite3")).render_as_string(),
        "API_PORT": "5000",
        "IM_PORT": "8001",
        "FLOWER_PORT": "5555",
        # A few browsers on one machine may all reconnect at once, so there is no need for a longer time.
        "IM_DRAIN_SECONDS": "1",
        # Whom push services may ask about this sender: nobody, on a machine for development.
        "VAPID_SUBJECT": "mailto:nobody@example.com",
        # Warnings of libraries, which are for developers, would hide the lines that matter here.
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
        **given,
        "DATA_DIR": str(data_dir),
        "IM_HOST": LOOPBACK,
        "FLOWER_ADDRESS": LOOPBACK,
        "PYTHONUNBUFFERED": "1",
    }
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        take_from_others(data_dir)
        if not env.get("JWT_SECRET") and not _has_no_log_in(given):
            env["JWT_SECRET"] = stored_secret(data_dir / "jwt_secret", lambda: secrets.token_urlsafe(48))
        if "FLOWER_BASIC_AUTH" not in env:
            env["FLOWER_BASIC_AUTH"] = stored_secret(
                data_dir / "flower_basic_auth", lambda: f"admin:{secrets.token_urlsafe(12)}"
            )
        if "VAPID_PRIVATE_KEY" not in env:
            env["VAPID_PRIVATE_KEY"] = stored_secret(data_dir / "vapid_private_key", vapid.create_key)
    except OSError as error:
        raise RunError(f"DATA_DIR: {error.filename} can't be used: {error.strerror}") from None
    return env


def _has_no_log_in(given: Mapping[str, str]) -> bool:
    """Say whether all tokens are signed elsewhere: there are public keys, and the secret is empty on purpose."""
    return given.get("JWT_SECRET") == "" and any(given.get(name) for name in ("JWT_PUBLIC_KEY", "JWT_JWKS_URL"))


def use_for_what_is_missing(valkey_url: str, env: dict[str, str]) -> bool:
    """Let the queues and the cache that have no URL use one Valkey. Return whether there are any.

    They use one database of it, so that a worker can append to a history and publish in a single script.
    """
    missing = [name for name in _QUEUES_AND_CACHE if name not in env]
    env.update(dict.fromkeys(missing, valkey_url))
    return bool(missing)


def check(env: Mapping[str, str]) -> Settings:
    """Return the settings as the processes will read them. Raise RunError with the name of a wrong variable."""
    try:
        return load_settings(Settings, env)
    except SettingsError as error:
        raise RunError(str(error)) from None


def stored_secret(path: Path, make: Callable[[], str]) -> str:
    """Return the secret in the file at path. Create it on the first call. Only the owner may read the file."""
    if path.exists() and (secret := path.read_text().strip()):
        path.chmod(0o600)
        return secret
    secret = make()
    write_private(path, secret + "\n")
    return secret


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, completely or not at all."""
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def write_for_other_terminals(env: Mapping[str, str]) -> None:
    """Write DATA_DIR/environment for a shell, so that other commands use the same system."""
    names = (name.upper() for name in Settings.model_fields)
    lines = (f"{name}={shlex.quote(env[name])}\n" for name in names if name in env)
    write_private(Path(env["DATA_DIR"]) / "environment", "".join(lines))
