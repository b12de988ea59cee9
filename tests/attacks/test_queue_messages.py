"""Who can publish on the message queue, but has no MESSAGE_QUEUE_KEY, reaches no client."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from core import events, tokens, wire
from core.signatures import Sign, create_signer
from tests.clients import Client
from tests.im import Im
from tests.services import Service, wait_until

_USER_ID = 7
_CHANNEL = "socketio"
_KEY, _PREVIOUS_KEY = secrets.token_hex(32), secrets.token_hex(32)

Publish = Callable[[bytes], object]


@pytest.fixture(scope="module")
def im(folder: Path, valkey: Service) -> Iterator[Im]:
    """An IM server that accepts two keys."""
    keys = {"MESSAGE_QUEUE_KEY": _KEY, "MESSAGE_QUEUE_KEY_PREVIOUS": _PREVIOUS_KEY}
    with Im(folder, valkey.url, transport="fast", **keys) as server:
        yield server
        assert server.is_well(), server.process.log.read_text(errors="replace")[-4000:]


@pytest.fixture
def publish(valkey: Service) -> Iterator[Publish]:
    with Redis.from_url(valkey.url) as redis:
        yield lambda message: redis.publish(_CHANNEL, message)


@pytest.fixture
def client(im: Im) -> Iterator[Client]:
    client = Client([im.url], tokens.sign(im.secret, user_id=_USER_ID))
    client.wait_for("sync")
    yield client
    client.close()


def signer(key: str) -> Sign:
    return create_signer([key], _CHANNEL, time.time)


def push(count: int, room: str = str(_USER_ID)) -> bytes:
    return wire.encode_push(room, wire.encode_packet(events.UNREAD, {"count": count}))


def dropped(im: Im, reason: str) -> float:
    return im.metric(f'toutiao_im_bad_messages_total{{reason="{reason}"}}')


def test_forged_queue_messages(im: Im, publish: Publish, client: Client) -> None:
    of_another, unsigned = signer(_KEY)(push(5, "8")), push(1)
    to_all = {"namespace": "/", "host_id": "foreign"}
    requests = [
        {"method": "emit", "event": "forged", "data": [1], "room": None},
        {"method": "disconnect", "sid": client.sio.get_sid()},
        {"method": "enter_room", "sid": client.sio.get_sid(), "room": "8"},
        {"method": "close_room", "room": str(_USER_ID)},
    ]
    before = {reason: dropped(im, reason) for reason in ("unsigned", "signature")}

    for message in [unsigned, *(json.dumps({**to_all, **request}).encode() for request in requests)]:
        publish(message)
    for message in [
        signer("f" * 32)(unsigned),
        create_signer([_KEY], "another channel", time.time)(unsigned),
        of_another.replace(b"P8", b"P7"),
        unsigned + of_another[len(unsigned) :],
        unsigned + b"\n" + of_another,
    ]:
        publish(message)
    publish(signer(_KEY)(push(2)))
    publish(signer(_PREVIOUS_KEY)(push(3)))

    client.wait_for("unread", 2)
    assert client.of("unread") == [{"count": 2}, {"count": 3}]
    assert client.of("forged") == []
    assert client.sio.connected
    assert {reason: dropped(im, reason) - count for reason, count in before.items()} == {"unsigned": 5, "signature": 5}


def test_replayed_queue_messages(im: Im, publish: Publish, client: Client) -> None:
    before = dropped(im, "replayed")
    sign = signer(_KEY)
    recorded = [sign(push(count)) for count in (1, 2)]
    old = create_signer([_KEY], _CHANNEL, lambda: time.time() - 3600)(push(4))

    for message in (*recorded, *recorded, old, sign(push(3))):
        publish(message)

    client.wait_for("unread", 3)
    assert client.of("unread") == [{"count": 1}, {"count": 2}, {"count": 3}]
    assert (dropped(im, "replayed") - before, dropped(im, "stale")) == (2, 1)


def test_server_hears_itself_beside_forged_canaries(im: Im, publish: Publish) -> None:
    """Its own canaries are signed. Those of other servers and of the API may have no signature, and are ignored."""
    before = im.metric("toutiao_im_bad_messages_total")
    subscriptions = im.metric("toutiao_im_subscriptions_total")

    publish(wire.encode_canary("another", number=10**6))

    wait_until(lambda: im.metric("toutiao_im_subscription_alive") == 1, seconds=20, what="the subscription is alive")
    assert im.metric("toutiao_im_bad_messages_total") == before
    assert im.metric("toutiao_im_subscriptions_total") == subscriptions
