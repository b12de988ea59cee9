"""Services that the tests share, each started when the first test asks for it."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services import PostgreSQL, RabbitMQ, Service, Valkey, running


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    # Not pytest's own: PostgreSQL runs as another user, who may not look in there.
    path = Path(tempfile.mkdtemp(prefix="toutiao-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def valkey(folder: Path) -> Iterator[Service]:
    yield from running(Valkey(folder / "valkey"))


@pytest.fixture(scope="session")
def valkeys(folder: Path) -> Iterator[Callable[[], Service]]:
    """Start one more with each call: systems that share one hear each other, whatever their database numbers."""
    started: list[Service] = []

    def start() -> Service:
        started.append(Valkey(folder / f"valkey-{len(started)}").start())
        return started[-1]

    yield start
    for service in started:
        service.stop()


@pytest.fixture(scope="session")
def rabbitmq(folder: Path) -> Iterator[RabbitMQ]:
    yield from running(RabbitMQ(folder / "rabbitmq"))


@pytest.fixture(scope="session")
def postgresql(folder: Path) -> Iterator[PostgreSQL]:
    yield from running(PostgreSQL(folder / "postgresql"))
