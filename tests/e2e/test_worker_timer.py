"""A committed notification is pushed, also when no dispatch is requested."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.db import Database
from tests.rows import write_notification
from tests.services import RabbitMQ, Service, running
from tests.system import System


@pytest.fixture
def broker(folder: Path) -> Iterator[RabbitMQ]:
    """A RabbitMQ that no other test uses."""
    yield from running(RabbitMQ(folder / "timer-rabbitmq"))


@pytest.fixture
def system(folder: Path, valkeys: Callable[[], Service], broker: RabbitMQ) -> Iterator[System]:
    """RabbitMQ for Celery alone."""
    redis = valkeys().url
    with System(folder / "timer", BROKER_URL=broker.url, MESSAGE_QUEUE_URL=redis, REDIS_URL=redis) as system:
        yield system


def test_notification_is_pushed_without_beat_and_broker(system: System, broker: RabbitMQ) -> None:
    ann, bob, eve = (system.user() for _ in range(3))
    client = system.client(bob)
    client.wait_for("sync")
    system.processes["beat"].kill()
    database = Database(system.env["DATABASE_URL"])

    with database.transaction() as connection:  # another program writes it, without a dispatch request
        write_notification(connection, bob.id, ann.id)
    database.close()

    assert client.wait_for("following notify", seconds=20)[0]["user_id"] == ann.id

    broker.kill()
    assert system.api.follow(eve, bob) == 201

    assert client.wait_for("following notify", 2, seconds=20)[1]["user_id"] == eve.id
    client.close()
    assert system.processes["worker"].terminate() == 0
