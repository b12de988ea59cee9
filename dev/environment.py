"""What the processes are told: the environment, then .env, then defaults for what neither sets."""

import os
import secrets
import shlex
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from dotenv import dotenv_values
from sqlalchemy import URL

from app import service_links
from app.config import Settings, SettingsError, load_settings
from dev.errors import RunError

LOOPBACK = "127.0.0.1"
PORTS = ("API_PORT", "IM_PORT", "FLOWER_PORT")
_QUEUES_AND_CACHE = ("BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL")
SERVICES = ("DATABASE_URL", *_QUEUES_AND_CACHE)


def read(env_file: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment on top of what env_file says, if it exists.

    An empty value counts as not set, and so does a port that is the address of a service.
    """
    from_file = dotenv_values(env_file, interpolate=False)
    ours = service_links.without(environ)
    return {name: value for name, value in {**from_file, **ours}.items() if value}


def take_from_others(path: Path) -> bool:
    """Leave a file, or a folder with what it holds, to its owner; return whether others could use it before.

    What is not ours to change, or is shared on purpose as /tmp and /dev/null are, stays as it is.
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
    """Return given with all that is missing but the URLs of queues and cache; make DATA_DIR and the secrets kept there.

    Raise RunError when DATA_DIR can't be used.
    """
    data_dir = (root / given.get("DATA_DIR", ".data")).resolve()
    env = {
        "DATABASE_URL": URL.create("sqlite", database=str(data_dir / "toutiao.sqlite3")).render_as_string(),
        "API_PORT": "5000",
        "IM_PORT": "8001",
        "FLOWER_PORT": "5555",
        # Browsers on one machine come back at once: there is no stampede to spread over a longer time.
        "IM_DRAIN_SECONDS": "1",
        # Warnings of libraries to their own users would hide what a person should read here.
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
        if "JWT_SECRET" not in env:
            env["JWT_SECRET"] = kept_secret(data_dir / "jwt_secret", lambda: secrets.token_urlsafe(48))
        if "FLOWER_BASIC_AUTH" not in env:
            env["FLOWER_BASIC_AUTH"] = kept_secret(
                data_dir / "flower_basic_auth", lambda: f"admin:{secrets.token_urlsafe(12)}"
            )
    except OSError as error:
        raise RunError(f"DATA_DIR: {error.filename} can't be used: {error.strerror}") from None
    return env


def use_for_what_is_missing(valkey_url: str, env: dict[str, str]) -> bool:
    """Point the queues and the cache that have no URL to one Valkey; say whether there is any.

    All in one database: a worker can then append to a history and publish in a single script.
    """
    missing = [name for name in _QUEUES_AND_CACHE if name not in env]
    env.update(dict.fromkeys(missing, valkey_url))
    return bool(missing)


def check(env: Mapping[str, str]) -> Settings:
    """Return the settings as the processes will read them; raise RunError that names what is wrong."""
    try:
        return load_settings(Settings, env)
    except SettingsError as error:
        raise RunError(str(error)) from None


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """Return the secret in the file at path, made on the first call; nobody but its owner may read the file."""
    if path.exists() and (secret := path.read_text().strip()):
        path.chmod(0o600)
        return secret
    secret = make()
    write_private(path, secret + "\n")
    return secret


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def write_for_other_terminals(env: Mapping[str, str]) -> None:
    """Write DATA_DIR/environment for a shell to read, so that other commands meet the same system."""
    names = (name.upper() for name in Settings.model_fields)
    lines = (f"{name}={shlex.quote(env[name])}\n" for name in names if name in env)
    write_private(Path(env["DATA_DIR"]) / "environment", "".join(lines))
