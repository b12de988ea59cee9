"""The package asks for a dispatch in the queue that the workers read, as the server has declared it."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery

from core import broker, events
from core.keys import Keys
from tests.services import RabbitMQ, Service
from toutiao_push import Waker, wake_celery


@pytest.fixture(params=["valkey", "rabbitmq"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "valkey":
        valkey: Service = request.getfixturevalue("cache")
        request.getfixturevalue("redis").flushall()
        return valkey.url
    rabbitmq: RabbitMQ = request.getfixturevalue("rabbitmq")
    return rabbitmq.create_vhost()


@pytest.fixture
def server(url: str) -> Iterator[Celery]:
    """The server's application, which has declared its queues."""
    with Celery("server", set_as_current=False) as app:
        app.conf.update(broker.celery_settings(url, Keys("mine:")))
        with app.connection_for_write() as connection:
            for queue in app.amqp.queues.values():
                queue(connection.default_channel).declare()
        yield app


@pytest.fixture
def wake(url: str) -> Iterator[Waker]:
    """Wakes by an application of the host, which has other settings."""
    is_redis = url.startswith("redis")
    with Celery("host", broker=url, set_as_current=False) as app:
        app.conf.task_routes = {"*": {"queue": "of the host"}}
        if is_redis:
            app.conf.broker_transport_options = {"global_keyprefix": "mine:"}
        wake = wake_celery(app, key_prefix="" if is_redis else "mine:")
        yield wake
        wake.close()


def received(server: Celery) -> list[Any]:
    """Take all messages from the queue of dispatches."""
    found = []
    with server.connection_for_read() as connection:
        queue = server.amqp.queues[server.conf.task_routes[events.DISPATCH_TASK]["queue"]](connection.default_channel)
        while message := queue.get(no_ack=True):
            found.append(message)
    return found


def test_a_worker_finds_the_task_in_its_queue(server: Celery, wake: Waker) -> None:
    wake()
    assert wake.flush(seconds=20)

    [message] = received(server)
    assert message.headers["task"] == events.DISPATCH_TASK
    assert message.headers["ignore_result"] is True


def test_the_queue_stays_short_while_no_worker_reads_it(server: Celery, wake: Waker) -> None:
    for _ in range(15):
        wake()
        assert wake.flush(seconds=20)

    assert len(received(server)) == 10


def test_it_sends_again_after_its_connection_ended(server: Celery, wake: Waker, request: pytest.FixtureRequest) -> None:
    wake()
    assert wake.flush(seconds=20)
    if "rabbitmq" in request.node.name:
        request.getfixturevalue("rabbitmq").close_connections("guest")
    else:
        request.getfixturevalue("redis").execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    wake()
    assert wake.flush(seconds=20)

    assert len(received(server)) == 2
