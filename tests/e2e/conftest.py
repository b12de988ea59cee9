"""The shapes that a system may have."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import PostgreSQL, Service, free_port
from tests.system import System


@pytest.fixture(scope="session")
def small(folder: Path, valkey: Service) -> Iterator[System]:
    """The embedded default: SQLite, and one Valkey for all."""
    urls = dict.fromkeys(("BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL"), valkey.url)
    with System(folder / "small", im_servers=2, **urls) as system:
        yield system


@pytest.fixture(scope="session")
def big(folder: Path, valkey: Service, rabbitmq: Service, postgresql: PostgreSQL) -> Iterator[System]:
    """The production shape: PostgreSQL, RabbitMQ for both queues, Valkey for the rest."""
    with System(
        folder / "big",
        im_servers=2,
        DATABASE_URL=postgresql.create_database(),
        BROKER_URL=rabbitmq.url,
        MESSAGE_QUEUE_URL=rabbitmq.url,
        REDIS_URL=valkey.url.replace("/0", "/1"),
    ) as system:
        yield system


@pytest.fixture(scope="session")
def mixed(folder: Path, valkey: Service, rabbitmq: Service, postgresql: PostgreSQL) -> Iterator[System]:
    """RabbitMQ for Celery, Valkey for Socket.IO."""
    with System(
        folder / "mixed",
        DATABASE_URL=postgresql.create_database(),
        BROKER_URL=rabbitmq.url.removesuffix("/") + "/",
        MESSAGE_QUEUE_URL=valkey.url.replace("/0", "/2"),
        REDIS_URL=valkey.url.replace("/0", "/2"),
    ) as system:
        yield system


@pytest.fixture(params=["small", "big", "mixed"])
def system(request: pytest.FixtureRequest) -> System:
    shape: System = request.getfixturevalue(request.param)
    return shape


@pytest.fixture(scope="session")
def pages(folder: Path, valkey: Service) -> Iterator[System]:
    """One that the page finds its IM server in."""
    port = free_port()
    urls = dict.fromkeys(("BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL"), valkey.url.replace("/0", "/3"))
    with System(folder / "pages", IM_PORT=str(port), im_ports=[port], **urls) as system:
        yield system
