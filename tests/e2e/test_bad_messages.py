"""Bad messages on the message queue are dropped; valid ones beside them arrive, and the subscription continues."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Exchange, Producer
from redis import Redis
from socketio import KombuManager, PubSubManager, RedisManager

from core import tokens, wire
from core.unread import Counts, UnreadCache
from tests.clients import Client
from tests.epochs import moment
from tests.im import Im
from tests.services import RabbitMQ, Service, wait_until

USER, OTHER = 7, 8
MIB = 1024 * 1024

JUNK = [
    b"",
    b"\xff\xfe",
    b"5",
    b"null",
    b'"method"',
    b"[]",
    b"{}",
    b"{" * 2000,
    b"[" * 100_000,
    b'{"method":5}',
    b'{"method":"unheard of"}',
    b'{"method":"emit"}',
    b'{"method":"emit","event":"a"}',
    b'{"method":"emit","event":"disconnect","data":1,"namespace":"/"}',
    b'{"method":"emit","event":{"a":1},"data":1,"namespace":"/"}',
    b'{"method":"emit","event":"a","data":NaN,"namespace":"/"}',
    b'{"method":"emit","event":"a","data":1e999,"namespace":"/"}',
    b'{"method":"emit","event":"a","data":["\\ud800",-Infinity],"namespace":"/"}',
    b'{"method":"emit","event":"a","data":%b1%b,"namespace":"/"}' % (b"[" * 900, b"]" * 900),
    b'{"method":"emit","event":"a","data":1,"namespace":"/","room":5}',
    b'{"method":"emit","event":"a","data":1,"namespace":{},"room":"7"}',
    b'{"method":"emit","event":"a","data":[{"_placeholder":true,"num":3}],"binary":true,"namespace":"/","room":"7"}',
    b'{"method":"emit","event":"a","data":["x"],"namespace":"/","room":"7","callback":5}',
    b'{"method":"callback"}',
    b'{"method":"callback","host_id":"nobody","sid":"x","id":1,"args":[]}',
    b'{"method":"disconnect"}',
    b'{"method":"disconnect","sid":[]}',
    b'{"method":"enter_room","sid":{},"room":[]}',
    b'{"method":"leave_room"}',
    b'{"method":"close_room","room":{}}',
    b"Pabc",
    b"P",
    b"P\n\nP",
    b"P\0\0\0hello",
    b"P\0\0\x0042[junk]",
    b'P\0\0\x0042["\xff"]',
    b'P7\0x\x001-x\x0042["a",1]',
    b'P7\0\0\0{"a":1}',
    b"P7\0\0\0\xff",
    b'P\xff\0\0\x0042["a",1]',
    b"P7\0\0\x0042" + b"x" * 2 * MIB,
    b" " * 5 * MIB,
]

# A stock manager can emit these with Python's json: a lone surrogate, and a number of more than 64 bits.
ODD = {"half": "\ud83d", "whole": "\U0001f600", "\udfff": [2**64, -(2**70) - 1, 10**90 + 1, 1.5]}

Publish = Callable[[bytes], object]


@pytest.fixture(scope="module", params=["redis", "amqp"])
def queue_url(request: pytest.FixtureRequest, valkey: Service) -> str:
    if request.param == "redis":
        return valkey.url
    rabbitmq: RabbitMQ = request.getfixturevalue("rabbitmq")
    return rabbitmq.create_vhost()


@pytest.fixture(scope="module", params=["fast", "stock"])
def im(request: pytest.FixtureRequest, folder: Path, valkey: Service, queue_url: str) -> Iterator[Im]:
    with Im(folder, valkey.url, transport=request.param, message_queue_url=queue_url) as server:
        yield server


@pytest.fixture
def publish(queue_url: str) -> Iterator[Publish]:
    """Publish raw bytes on the channel that IM servers subscribe to."""
    if queue_url.startswith("redis"):
        with Redis.from_url(queue_url) as redis:
            yield lambda message: redis.publish("socketio", message)
        return
    with Connection(queue_url) as connection:
        producer = Producer(connection, Exchange("socketio", type="fanout", durable=False))
        yield lambda message: producer.publish(
            message, content_type="application/octet-stream", content_encoding="binary"
        )


@pytest.fixture
def clients(im: Im) -> Iterator[dict[int | None, Client]]:
    """Two users and an anonymous client."""
    clients: dict[int | None, Client] = {
        user_id: Client([im.url], tokens.sign(im.secret, user_id=user_id) if user_id else None)
        for user_id in (USER, OTHER, None)
    }
    for user_id in (USER, OTHER):
        clients[user_id].wait_for("sync")
    yield clients
    for client in clients.values():
        client.close()


@contextmanager
def stock_manager(queue_url: str) -> Iterator[PubSubManager]:
    if queue_url.startswith("redis"):
        manager = RedisManager(queue_url, write_only=True)
        yield manager
        manager.redis.close()
    else:
        manager = KombuManager(queue_url, write_only=True)
        yield manager
        manager.publisher_connection.release()


def push(number: int, room: str) -> bytes:
    return wire.encode_push(room, wire.encode_packet("number", number))


def emit(number: int, room: str) -> bytes:
    fields: dict[str, Any] = {"method": "emit", "event": "number", "data": [number], "namespace": "/", "room": room}
    return json.dumps(fields).encode()


class TestBadMessages:
    def test_valid_pushes_around_bad_messages_arrive(
        self, im: Im, publish: Publish, clients: dict[int | None, Client]
    ) -> None:
        names = [
            f"toutiao_im_{name}_total"
            for name in ("subscriptions", "caught_up", "replayed", "disconnects", "subscription_stalls")
        ]
        before = {name: im.metric(name) for name in names}
        bad_before = im.metric("toutiao_im_bad_messages_total")
        sent = 0
        for junk in JUNK:
            publish(junk)
            room = str(USER)
            beside = [push(sent, room), junk, push(sent + 1, room)] if junk[:1] == b"P" and len(junk) < MIB else []
            publish(b"\n".join(beside) or push(sent, room))
            publish(emit(sent + 2, room) if beside else emit(sent + 1, room))
            sent += 3 if beside else 2
        publish(push(sent, ""))

        for user_id in (USER, OTHER, None):
            clients[user_id].wait_for("number", sent + 1 if user_id == USER else 1, seconds=30)

        assert clients[USER].of("number") == list(range(sent + 1))
        assert clients[OTHER].of("number") == clients[None].of("number") == [sent]
        assert all(client.sio.connected for client in clients.values())
        assert {name: im.metric(name) for name in names} == before
        assert im.metric("toutiao_im_bad_messages_total") - bad_before >= len(JUNK) - 5  # some kinds are not counted
        assert im.is_well()

    def test_valid_push_after_random_messages_arrives(
        self, im: Im, publish: Publish, clients: dict[int | None, Client]
    ) -> None:
        noise = random.Random(im.transport)
        before = im.metric("toutiao_im_subscriptions_total")
        for _ in range(500):
            message = bytearray(noise.choice([emit(0, "nobody"), push(0, "nobody"), b"P\n".join([push(0, "x")] * 2)]))
            for _ in range(noise.randint(1, 4)):
                at = noise.randrange(len(message))
                message[at : at + noise.randint(0, 3)] = noise.randbytes(noise.randint(0, 4))
            publish(bytes(message))
        publish(push(1, str(USER)))

        clients[USER].wait_for("number", seconds=30)

        assert clients[USER].of("number") == [1]
        assert im.metric("toutiao_im_subscriptions_total") == before
        assert im.is_well()

    def test_stock_message_that_orjson_rejects_arrives_unchanged(
        self, im: Im, clients: dict[int | None, Client], queue_url: str
    ) -> None:
        with stock_manager(queue_url) as manager:
            manager.emit("number", ODD, room=str(USER))
            manager.emit("number", 1)
        clients[USER].wait_for("number", 2)

        assert clients[USER].of("number") == [ODD, 1]

    def test_flood_of_bad_messages_is_counted_and_rarely_logged(
        self, im: Im, publish: Publish, clients: dict[int | None, Client]
    ) -> None:
        before, logged = im.metric("toutiao_im_bad_messages_total"), im.process.log.stat().st_size
        for _ in range(2000):
            publish(b"P" + b"x" * 1000)
        publish(push(1, str(USER)))

        clients[USER].wait_for("number", seconds=30)

        assert im.metric("toutiao_im_bad_messages_total") - before == 2000
        assert im.process.log.stat().st_size - logged < 20_000

    def test_huge_message_is_not_kept_in_memory(
        self, im: Im, publish: Publish, clients: dict[int | None, Client], queue_url: str
    ) -> None:
        before = im.metric("process_resident_memory_bytes")
        for _ in range(3):
            publish(b"P" * (100 * MIB if queue_url.startswith("amqp") else 24 * MIB))

        def is_read_past() -> bool:
            # Redis ends the subscription of a server that reads too slowly, and a push meanwhile reaches nobody.
            publish(push(1, str(USER)))
            return bool(clients[USER].of("number"))

        wait_until(is_read_past, seconds=60, what="a push after the huge messages arrives")
        assert im.metric("process_resident_memory_bytes") - before < 150 * MIB


def test_message_above_the_limit_of_redis_costs_a_subscription_and_no_push(
    folder: Path, valkeys: Callable[[], Service]
) -> None:
    service = valkeys()
    with Im(folder, service.url, transport="fast") as im, Redis.from_url(service.url) as redis:
        UnreadCache(redis).set({str(USER): Counts()}, read_at=moment())  # a user with a cached count keeps it
        client = Client([im.url], tokens.sign(im.secret, user_id=USER))
        client.wait_for("sync")

        redis.publish("socketio", b"P" * 100 * MIB)

        wait_until(lambda: im.metric("toutiao_im_subscriptions_total") == 2, seconds=30, what="a new subscription")
        wait_until(
            lambda: im.metric("toutiao_im_subscription_alive") == 1, seconds=30, what="the new subscription is alive"
        )
        redis.publish("socketio", push(1, str(USER)))
        client.wait_for("number")
        client.close()
