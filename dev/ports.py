"""Loopback ports: which are free, and which are taken."""

import errno
import socket
from collections.abc import Mapping

from dev.environment import LOOPBACK, PORTS
from dev.errors import RunError


def check_free(env: Mapping[str, str]) -> None:
    """Raise RunError naming the first of our ports that can't be listened on, and its variable."""
    taken_by: dict[int, str] = {}
    for name in PORTS:
        port = int(env[name])
        if port in taken_by:
            raise RunError(f"{name} and {taken_by[port]} are both {port}; each needs a port of its own")
        taken_by[port] = name
        if reason := _why_not(port):
            raise RunError(f"{name}: port {port} {reason}; set {name} to another port")


def find_free() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _why_not(port: int) -> str | None:
    try:
        # create_server() sets SO_REUSEADDR: connections that linger from the last run don't count.
        socket.create_server((LOOPBACK, port)).close()
    except OSError as error:
        return "is taken by another program" if error.errno == errno.EADDRINUSE else f"can't be used: {error.strerror}"
    return None
