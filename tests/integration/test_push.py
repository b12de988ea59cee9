"""The emitters on both message queues: what is pushed arrives, and what can't be pushed is not lost in silence."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kombu import Connection, Consumer, Exchange, Queue
from redis import Redis

from app.push import PushFailed, create_emitter
from tests.services import RabbitMQ, Service, free_port, wait_until

PUSHES = [b'P7\0\0\00042["a",1]', b'P8\0\0\00042["a",2]']
# Much longer than the emitters wait, and much shorter than a task may take.
BOUND_SECONDS = 20

Listener = Callable[[], bytes | None]


@pytest.fixture(params=["redis", "amqp"])
def service(request: pytest.FixtureRequest) -> Service:
    name = {"redis": "cache", "amqp": "rabbitmq"}[request.param]
    service: Service = request.getfixturevalue(name)
    return service


@pytest.fixture
def emitter(service: Service) -> Iterator[Any]:
    emitter = create_emitter(service.url)
    yield emitter
    close(emitter)


@pytest.fixture
def listener(service: Service) -> Iterator[Listener]:
    """Return the next message on the message queue's channel with each call, or None."""
    yield from _listen_on_redis(service.url) if service.url.startswith("redis") else _listen_on_amqp(service.url)


def _listen_on_redis(url: str) -> Iterator[Listener]:
    with Redis.from_url(url) as redis, redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.subscribe("socketio")
        pubsub.get_message(timeout=5)

        def hear() -> bytes | None:
            message = pubsub.get_message(timeout=0.1)
            return message["data"] if message else None

        yield hear


def _listen_on_amqp(url: str) -> Iterator[Listener]:
    with Connection(url) as connection:
        heard: list[bytes] = []
        queue = Queue("", Exchange("socketio", type="fanout", durable=False), exclusive=True, durable=False)
        consumer = Consumer(connection, [queue], on_message=lambda message: heard.append(message.body), no_ack=True)

        def hear() -> bytes | None:
            try:
                connection.drain_events(timeout=0.1)
            except TimeoutError:
                pass
            return heard.pop(0) if heard else None

        with consumer:
            yield hear


def close(emitter: Any) -> None:
    if hasattr(emitter, "redis"):
        emitter.redis.close()
    else:
        emitter.publisher_connection.close()


def arrived(listener: Listener) -> bytes:
    heard: list[bytes] = []

    def hear() -> bool:
        if message := listener():
            heard.append(message if isinstance(message, bytes) else str(message).encode())
        return bool(heard)

    wait_until(hear, seconds=10, what="a message")
    return heard[0]


class TestArrives:
    def test_many_pushes_in_one_message(self, emitter: Any, listener: Listener) -> None:
        emitter.push(PUSHES)

        assert arrived(listener) == b"\n".join(PUSHES)

    def test_what_is_too_much_for_one_message_makes_several(self, emitter: Any, listener: Listener) -> None:
        large = [b"P" + bytes([65 + number]) * 200_000 for number in range(3)]

        emitter.push(large)

        assert [arrived(listener) for _ in large] == large

    def test_an_event_as_the_stock_managers_send_it(self, emitter: Any, listener: Listener) -> None:
        emitter.emit("anything", {"a": 1}, room="7")

        message = arrived(listener)
        assert message.startswith(b"{")
        assert b'"anything"' in message

    def test_nothing_sends_nothing(self, emitter: Any, listener: Listener) -> None:
        emitter.push([])
        emitter.push(PUSHES[:1])

        assert arrived(listener) == PUSHES[0]


class TestFails:
    @pytest.mark.parametrize("scheme", ["redis", "amqp"])
    def test_a_refused_connection_raises(self, scheme: str) -> None:
        emitter: Any = create_emitter(f"{scheme}://127.0.0.1:{free_port()}/0")

        with pytest.raises(PushFailed):
            emitter.push(PUSHES)
        with pytest.raises(PushFailed):
            emitter.emit("anything", {}, room="7")
        close(emitter)

    def test_a_service_that_went_silent_raises_in_time_and_is_used_again_after(
        self, service: Service, emitter: Any
    ) -> None:
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

    def test_a_connection_that_was_closed_while_idle_loses_nothing(self, rabbitmq: RabbitMQ) -> None:
        emitter: Any = create_emitter(rabbitmq.create_vhost())
        emitter.push(PUSHES)
        rabbitmq.ctl("close_all_user_connections", "guest", "for the test")

        emitter.push(PUSHES)

        close(emitter)

    def test_a_restart_is_survived(self, valkeys: Callable[[], Service]) -> None:
        service = valkeys()
        emitter: Any = create_emitter(service.url)
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
