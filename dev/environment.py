"""The settings of the embedded default, for all that the environment leaves open."""

import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from honcho import environ

PORTS = {"API_PORT": "5000", "IM_PORT": "8001", "FLOWER_PORT": "5555"}
REDIS_LIKE = ("BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL")


class CannotStart(Exception):
    """One line that says what to do."""


def complete(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the processes, without the URLs of an embedded Valkey: its port is not known yet."""
    variables = {**_dotenv(), **given}
    data_dir = Path(variables.get("DATA_DIR") or ".data").resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    defaults = {
        **PORTS,
        "DATABASE_URL": f"sqlite:///{data_dir / 'toutiao.db'}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
    }
    for name, default in defaults.items():
        variables[name] = variables.get(name) or default
    variables["DATA_DIR"] = str(data_dir)
    if not variables.get("JWT_SECRET"):
        variables["JWT_SECRET"] = _made_once(data_dir / "jwt_secret", secrets.token_urlsafe(48))
    if not variables.get("FLOWER_BASIC_AUTH"):
        variables["FLOWER_BASIC_AUTH"] = _made_once(data_dir / "flower_auth", f"admin:{secrets.token_urlsafe(12)}")
    return variables


def check_ports(variables: Mapping[str, str]) -> None:
    """Raise CannotStart where a port is no port, or is taken."""
    for name in PORTS:
        value = variables[name]
        if not (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
            raise CannotStart(f"{name}={value}: should be a port, 1 to 65535")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", int(value)))
            except OSError as error:
                hint = f"port {value} is taken or not allowed ({error.strerror}): stop what uses it, or set {name}"
                raise CannotStart(hint) from None


def _dotenv() -> dict[str, str]:
    path = Path(".env")
    return {name: value for name, value in environ.parse(path.read_text()).items() if value} if path.exists() else {}


def _made_once(path: Path, value: str) -> str:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(value)
    return value
