"""Free ports on the loopback address."""

import errno
import fcntl
import getpass
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dev.environment import LOOPBACK, PORTS
from dev.errors import RunError

# Below the ports that a system gives to outgoing connections (from 32,768 on Linux, from 49,152 on others): a port
# from there that is free now may be the source of a connection a moment later.
_FIRST, _END = 10_000, 32_000
# Browsers refuse 10,080. The others are services of the machine that may start later: memcached, RabbitMQ's management
# page and its clustering.
_LEFT_ALONE = frozenset({10_080, 11_211, 15_672, 25_672})
# All processes of this user share the file, so that no two of them get the same port.
_LAST_GIVEN = Path(tempfile.gettempdir()) / f"toutiao-last-port-{getpass.getuser()}"


def check_free(env: Mapping[str, str]) -> None:
    """Raise RunError for the first port that can't be used, with the name of its variable."""
    taken_by: dict[int, str] = {}
    for name in PORTS:
        port = int(env[name])
        if port in taken_by:
            raise RunError(f"{name} and {taken_by[port]} are both {port}; each needs a port of its own")
        taken_by[port] = name
        if reason := _why_unusable(port):
            raise RunError(f"{name}: port {port} {reason}; set {name} to another port")


def find_free() -> int:
    """Return a port that is free now. No other caller gets it before all the others have been handed out."""
    with _LAST_GIVEN.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        last = file.read()
        port = int(last) if last.isdecimal() else _FIRST
        for _ in range(_FIRST, _END):
            port = port + 1 if _FIRST <= port < _END - 1 else _FIRST
            if port not in _LEFT_ALONE and _is_free(port):
                file.truncate(0)
                file.write(str(port))
                return port
    raise RunError(f"no port from {_FIRST} to {_END - 1} is free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            # On all addresses and without SO_REUSEADDR: not every service sets it, nor listens on loopback alone.
            probe.bind(("", port))
        except OSError:
            return False
    return True


def _why_unusable(port: int) -> str | None:
    try:
        # create_server() sets SO_REUSEADDR: connections of the last run that are in TIME_WAIT don't matter.
        socket.create_server((LOOPBACK, port)).close()
    except OSError as error:
        return "is taken by another program" if error.errno == errno.EADDRINUSE else f"can't be used: {error.strerror}"
    return None
