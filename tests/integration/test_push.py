"""The emitters on both message queues: a push arrives, or an error is raised."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kombu import Connection, Consumer, Exchange, Queue
from redis import Redis

from core.signatures import Verifier, create_signer
from dev.ports import find_free
from tasks.emitter import PushFailed, create_emitter
from tests.services import RabbitMQ, Service, wait_until

CHANNEL = "news-pushes"
KEY = "k" * 32
PUSHES = [b'P7\0\0\00042["a",1]', b'P8\0\0\00042["a",2]']
# Much longer than the emitters wait, and much shorter than the time limit of a task.
BOUND_SECONDS = 20

Listener = Callable[[], bytes | None]


@pytest.fixture(params=["redis", "amqp"])
def service(request: pytest.FixtureRequest) -> Service:
    name = {"redis": "cache", "amqp": "rabbitmq"}[request.param]
    service: Service = request.getfixturevalue(name)
    return service


@pytest.fixture
def emitter(service: Service) -> Iterator[Any]:
    emitter = create_emitter(service.url, CHANNEL)
    yield emitter
    close(emitter)


@pytest.fixture
def listener(service: Service) -> Iterator[Listener]:
    """Return the next message on the message queue's channel with each call, or None."""
    yield from _listen_on_redis(service.url) if service.url.startswith("redis") else _listen_on_amqp(service.url)


def _listen_on_redis(url: str) -> Iterator[Listener]:
    with Redis.from_url(url) as redis, redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.subscribe(CHANNEL)
        pubsub.get_message(timeout=5)

        def hear() -> bytes | None:
            message = pubsub.get_message(timeout=0.1)
            return message["data"] if message else None

        yield hear


def _listen_on_amqp(url: str) -> Iterator[Listener]:
    with Connection(url) as connection:
        received: list[bytes] = []
        queue = Queue("", Exchange(CHANNEL, type="fanout", durable=False), exclusive=True, durable=False)
        consumer = Consumer(connection, [queue], on_message=lambda message: received.append(message.body), no_ack=True)

        def hear() -> bytes | None:
            try:
                connection.drain_events(timeout=0.1)
            except TimeoutError:
                pass
            return received.pop(0) if received else None

        with consumer:
            yield hear


def close(emitter: Any) -> None:
    if hasattr(emitter, "redis"):
        emitter.redis.close()
    else:
        emitter.publisher_connection.close()


def arrived(listener: Listener) -> bytes:
    received: list[bytes] = []

    def hear() -> bool:
        if message := listener():
            received.append(message if isinstance(message, bytes) else str(message).encode())
        return bool(received)

    wait_until(hear, seconds=10, what="a message")
    return received[0]


class TestDelivery:
    def test_many_pushes_share_one_message(self, emitter: Any, listener: Listener) -> None:
        emitter.push(PUSHES)

        assert arrived(listener) == b"\n".join(PUSHES)

    def test_large_pushes_are_split_into_several_messages(self, emitter: Any, listener: Listener) -> None:
        large = [b"P" + bytes([65 + number]) * 200_000 for number in range(3)]

        emitter.push(large)

        assert [arrived(listener) for _ in large] == large

    def test_each_message_is_signed_as_a_whole(self, service: Service, listener: Listener) -> None:
        emitter: Any = create_emitter(service.url, CHANNEL, create_signer([KEY], CHANNEL, time.time))
        emitter.push(PUSHES)
        emitter.emit("anything", {"a": 1}, room="7")
        close(emitter)

        verifier = Verifier([KEY], CHANNEL)
        (pushes, first), (event, second) = (
            verifier.verify(arrived(listener)) or pytest.fail("no signature") for _ in "ab"
        )

        assert pushes == b"\n".join(PUSHES)
        assert event.startswith(b"{")
        assert (first.number, second.number) == (1, 2)

    def test_event_of_a_stock_manager_arrives(self, emitter: Any, listener: Listener) -> None:
        emitter.emit("anything", {"a": 1}, room="7")

        message = arrived(listener)
        assert message.startswith(b"{")
        assert b'"anything"' in message

    def test_empty_push_sends_no_message(self, emitter: Any, listener: Listener) -> None:
        emitter.push([])
        emitter.push(PUSHES[:1])

        assert arrived(listener) == PUSHES[0]


class TestFailure:
    @pytest.mark.parametrize("scheme", ["redis", "amqp"])
    def test_refused_connection_raises_push_failed(self, scheme: str) -> None:
        emitter: Any = create_emitter(f"{scheme}://127.0.0.1:{find_free()}/0", CHANNEL)

        with pytest.raises(PushFailed):
            emitter.push(PUSHES)
        with pytest.raises(PushFailed):
            emitter.emit("anything", {}, room="7")
        close(emitter)

    def test_silent_service_raises_in_time_and_is_used_again(self, service: Service, emitter: Any) -> None:
        emitter.push(PUSHES)
        service.pause()
        started_at = time.monotonic()
        try:
            with pytest.raises(PushFailed):
                emitter.push(PUSHES)
        finally:
            service.resume()

        assert time.monotonic() - started_at < BOUND_SECONDS
        wait_until(lambda: pushes(emitter), seconds=BOUND_SECONDS, what="a push after the pause")

    def test_push_survives_a_connection_closed_while_idle(self, rabbitmq: RabbitMQ) -> None:
        emitter: Any = create_emitter(rabbitmq.create_vhost(), CHANNEL)
        emitter.push(PUSHES)
        rabbitmq.close_connections("guest")

        emitter.push(PUSHES)

        close(emitter)

    def test_push_succeeds_after_a_restart(self, valkeys: Callable[[], Service]) -> None:
        service = valkeys()
        emitter: Any = create_emitter(service.url, CHANNEL)
        emitter.push(PUSHES)
        service.kill()
        with pytest.raises(PushFailed):
            emitter.push(PUSHES)

        service.start()

        wait_until(lambda: pushes(emitter), seconds=BOUND_SECONDS, what="a push after the restart")
        close(emitter)


def pushes(emitter: Any) -> bool:
    try:
        emitter.push(PUSHES)
    except PushFailed:
        return False
    return True
