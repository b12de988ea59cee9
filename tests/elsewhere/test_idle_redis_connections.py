"""No command fails when an idle connection was closed by the server or dropped by a firewall."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from redis import Redis

from core import broker, primary
from core.cache import connect
from core.keys import Keys
from tasks.emitter import create_emitter
from tests.failure.proxy import Network, Proxy
from tests.services import RabbitMQ, Service, Valkey, running, wait_until

PUSHES = [b'P7\0\0\00042["a",1]']


@pytest.fixture(scope="module")
def impatient(folder: Path) -> Iterator[Valkey]:
    """A Redis that closes connections that are idle for a second."""
    yield from running(Valkey(folder / "impatient", "--timeout", "1"))


@pytest.fixture
def forgetful(network: Network, valkey: Service, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    """A proxy to a Redis that drops connections silently, as a firewall does."""
    monkeypatch.setattr(primary, "ROLE_SECONDS", 0.1)
    return network.link(valkey.port)


def wait_until_closed(service: Service) -> None:
    with Redis(port=service.port) as redis:
        wait_until(lambda: len(redis.client_list()) == 1, seconds=10, what="idle connections are closed")


def commands(redis: Redis) -> list[Callable[[], Any]]:
    script = redis.register_script("return redis.call('SET', KEYS[1], 1)")
    return [
        lambda: redis.set("a", 1),
        lambda: redis.pipeline(transaction=False).set("a", 1).get("a").execute(),
        lambda: redis.pipeline(transaction=True).set("a", 1).get("a").execute(),
        lambda: script(keys=["a"]),
    ]


class TestRedis:
    @pytest.mark.parametrize("kind", range(4))
    def test_command_succeeds_after_the_server_closed_the_connection(self, impatient: Valkey, kind: int) -> None:
        with connect(impatient.url, timeout_seconds=0.2) as redis:
            command = commands(redis)[kind]
            command()
            wait_until_closed(impatient)

            command()

    @pytest.mark.parametrize("kind", range(4))
    def test_command_succeeds_after_a_firewall_dropped_the_connection(self, forgetful: Proxy, kind: int) -> None:
        with connect(f"redis://127.0.0.1:{forgetful.port}/0", timeout_seconds=0.5) as redis:
            command = commands(redis)[kind]
            command()
            forgetful.forget()
            time.sleep(0.2)

            command()


class TestBroker:
    def test_command_succeeds_after_the_server_closed_the_connection(self, impatient: Valkey) -> None:
        with producing(impatient.url) as producer:
            wait_until_closed(impatient)

            producer.publish({}, routing_key=Keys().notifications)

    def test_command_succeeds_after_a_firewall_dropped_the_connection(self, forgetful: Proxy) -> None:
        with producing(f"redis://127.0.0.1:{forgetful.port}/0") as producer:
            forgetful.forget()
            time.sleep(0.2)

            producer.publish({}, routing_key=Keys().notifications)


class TestMessageQueue:
    @pytest.mark.parametrize("scheme", ["redis", "amqp"])
    def test_command_succeeds_after_a_firewall_dropped_the_connection(
        self, network: Network, forgetful: Proxy, scheme: str, request: pytest.FixtureRequest
    ) -> None:
        proxy = forgetful if scheme == "redis" else network.link(rabbitmq(request).port)
        url = f"{scheme}://127.0.0.1:{proxy.port}/{'0' if scheme == 'redis' else '/'}"
        emitter: Any = create_emitter(url, "socketio")
        emitter.push(PUSHES)
        proxy.forget()
        time.sleep(0.2)

        emitter.push(PUSHES)
        (emitter.redis if scheme == "redis" else emitter.publisher_connection).close()


def rabbitmq(request: pytest.FixtureRequest) -> RabbitMQ:
    service: RabbitMQ = request.getfixturevalue("rabbitmq")
    return service


class producing:  # noqa: N801  (used as a verb)
    """A producer like Celery's that has already published once to an existing queue."""

    def __init__(self, url: str) -> None:
        settings = broker.celery_settings(url)
        self._connection = Connection(url, transport_options=settings["broker_transport_options"])
        self._queue = settings["task_queues"][0]

    def __enter__(self) -> Any:
        self._queue(self._connection.default_channel).declare()
        producer = self._connection.Producer()
        producer.publish({}, routing_key=self._queue.name)
        return producer

    def __exit__(self, *_: object) -> None:
        self._connection.release()
