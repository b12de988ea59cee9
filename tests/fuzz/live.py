"""Inputs for running servers: how each is made, and how it is sent. Sending fails if an answer breaks the contract."""

import inspect
import json
import random
import re
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import redis

from bench.websocket import handshake
from core import wire
from core.keys import Keys
from im.delivery import credentials
from tests.forged_tokens import FOREIGN, MISTAKEN
from tests.fuzz import api_requests, seeds
from tests.fuzz.mutations import mutated
from tests.fuzz.place import Place, sign
from tests.wire import BINARY, CLOSE, SECONDS, TEXT, Websocket, frame, talk

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_CHANNEL = "socketio"
_OPCODES = (0, TEXT, TEXT, TEXT, TEXT, BINARY, 3, CLOSE, 9, 10, 11)
_LISTENER, _JUNK_USERS = 5_000_000, 6_000_000
_USER_KEYS = [
    name
    for name, of in vars(Keys).items()
    if inspect.isfunction(of) and [*inspect.signature(of).parameters][1:] == ["user_id"]
]
_PATH = "/socket.io/?EIO=4&transport=websocket"


@dataclass(frozen=True, slots=True)
class Live:
    """`send` gets a batch, and fails with AssertionError, or TimeoutError where a server does not end a connection.

    `share` is how much of the time it gets.
    """

    make: Callable[[random.Random], bytes]
    send: Callable[[Place, list[bytes]], None]
    batch: int = 20
    share: int = 1


def _make_head(rng: random.Random) -> bytes:
    return mutated(rng, seeds.HEADS) + b"\r\n\r\n"


def _make_query(rng: random.Random) -> bytes:
    query = mutated(rng, seeds.QUERIES).replace(b" ", b"+").replace(b"\r", b"").replace(b"\n", b"")
    return b"GET /socket.io/?" + query + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def _make_handshake(rng: random.Random) -> bytes:
    return mutated(rng, [handshake(_PATH, 80)]) + frame(TEXT, b"40")


def _send_heads(place: Place, heads: list[bytes]) -> None:
    for head in heads:
        assert_is_http(talk(place.target.port, head))


def assert_is_http(answer: bytes) -> None:
    """Assert that an answer is HTTP, and no error of the server. A request without an end gets no answer."""
    found = _STATUS.match(answer)
    assert found or not answer, answer[:200]
    assert not found or found[1] != b"500", answer[:500]


def _make_frames(rng: random.Random) -> bytes:
    stream = b"".join(
        frame(
            rng.choice(_OPCODES) if rng.random() < 0.1 else TEXT,
            mutated(rng, seeds.PACKETS),
            is_last=rng.random() < 0.95,
            is_masked=rng.random() < 0.99,
            rsv=rng.choice((0, 0, 0, 0, 0, 0, 0, 0, 0, 4)),
        )
        for _ in range(rng.randint(1, 6))
    )
    return mutated(rng, [stream]) if rng.random() < 0.2 else stream


def _send_frames(place: Place, streams: list[bytes]) -> None:
    for stream in streams:
        _exchange(place, stream)


def _exchange(place: Place, stream: bytes) -> bytes:
    """Open a websocket, send the stream and a close frame, return all that comes until the end."""
    answer = b""
    with place.target.connect() as connection:
        connection.settimeout(SECONDS)
        connection.sendall(handshake(_PATH, place.target.port))
        assert connection.recv(4096).startswith(b"HTTP/1.1 101 ")
        with suppress(ConnectionError):
            connection.sendall(frame(TEXT, b"40") + stream + frame(CLOSE, struct.pack("!H", 1000)))
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
    return answer


def _make_token(rng: random.Random) -> bytes:
    """Name a forgery, and change the token a little. The secret is only known where it is sent."""
    return json.dumps([rng.choice([*FOREIGN, *MISTAKEN]), rng.randrange(2**32)]).encode()


def _send_tokens(place: Place, recipes: list[bytes]) -> None:
    for recipe in recipes:
        name, seed = json.loads(recipe)
        forged = {**FOREIGN, **MISTAKEN}[name](place.target.secret).encode()
        token = mutated(random.Random(seed), [forged], most=2)[:50_000].decode("utf-8", "replace")
        with place.target.connect() as connection:
            connection.settimeout(SECONDS)
            connection.sendall(handshake(_PATH, place.target.port))
            assert connection.recv(4096).startswith(b"HTTP/1.1 101 ")
            connection.sendall(frame(TEXT, b"40" + json.dumps({"token": token}).encode()))
            answer = b""
            while b"40{" not in answer and b"44{" not in answer and (part := connection.recv(4096)):
                answer += part
        assert b'40{"sid"' not in answer or credentials.find(({"token": token},)) is None, (name, token[:300])


def _make_payload(rng: random.Random) -> bytes:
    return mutated(rng, [b"\x1e".join(rng.choice(seeds.PACKETS) for _ in range(rng.randint(1, 5)))])


def _send_payloads(place: Place, payloads: list[bytes]) -> None:
    """Post each to a polling session of its own."""
    for payload in payloads:
        opened = talk(place.target.port, b"GET /socket.io/?EIO=4&transport=polling HTTP/1.0\r\n\r\n")
        sid = json.loads(opened.partition(b"\r\n\r\n")[2][1:])["sid"].encode()
        query = b"/socket.io/?EIO=4&transport=polling&sid=" + sid
        head = b"POST %b HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % (query, len(payload))
        assert_is_http(talk(place.target.port, head + payload))


def _make_message(rng: random.Random) -> bytes:
    return mutated(rng, seeds.PUSHES if rng.random() < 0.5 else seeds.MESSAGES)


@cache
def _listener(place: Place) -> tuple[Websocket, "redis.Redis"]:
    """Open the one socket of this process that shows whether pushes still arrive."""
    session = Websocket(place.target.port)
    session.join("40" + json.dumps({"token": sign(place, _LISTENER)}))
    return session, redis.Redis.from_url(place.target.redis_url)


def _send_messages(place: Place, messages: list[bytes]) -> None:
    session, queue = _listener(place)
    mark = wire.encode_packet("mark", random.getrandbits(50))
    pipeline = queue.pipeline(transaction=False)
    for message in (*messages, wire.encode_push(str(_LISTENER), mark)):
        pipeline.publish(_CHANNEL, message)
    pipeline.execute()
    while (packet := session.receive()) != mark[1:].decode() and packet != mark.decode():
        if packet == "2":
            session.send("3")


def _make_contents(rng: random.Random) -> bytes:
    """Name a key, a type and a user, and add a value."""
    kind, key = rng.choice(list(_WRITES)), rng.choice(_USER_KEYS)
    value = mutated(rng, [*seeds.UNREADS, *seeds.JSONS, *seeds.HISTORIES, b"1"])
    return f"{kind} {key} {_JUNK_USERS + rng.randrange(10**6)} ".encode() + value


_WRITES: dict[str, Callable[["redis.Redis", str, bytes], object]] = {
    "string": lambda store, key, value: store.set(key, value),
    "hash": lambda store, key, value: store.hset(key, value[:20], value),
    "list": lambda store, key, value: store.rpush(key, value, value),
    "set": lambda store, key, value: store.sadd(key, value),
    "zset": lambda store, key, value: store.zadd(key, {value: 1.0}),
    "stream": lambda store, key, value: [store.xadd(key, {"h": part, "t": b'"}]'}) for part in value.split(b"|")],
    "entry": lambda store, key, value: store.xadd(
        key, {"n": b"1", "h": value}, id=f"1-{seeds.EPOCH * 10**6 + len(value)}"
    ),
}


def _send_contents(place: Place, contents: list[bytes]) -> None:
    """Write what one user each has in Redis. All of them connect, and so does a user whose keys are sound."""
    _, store = _listener(place)
    users = {_LISTENER - 1}
    for content in contents:
        kind, key, user_id, value = content.split(b" ", 3)
        name = getattr(Keys(), key.decode())(str(int(user_id)))
        store.delete(name)
        _WRITES[kind.decode()](store, name, value)
        users.add(int(user_id))
    for user_id in users:
        with Websocket(place.target.port) as session:
            session.send("40" + json.dumps({"token": sign(place, user_id), "last_offset": "0-0"}))
            while not session.receive().startswith('42["sync"'):
                pass
    store.delete(*(getattr(Keys(), name)(str(user_id)) for name in _USER_KEYS for user_id in users))


def _send_requests(place: Place, requests: list[bytes]) -> None:
    for request in requests:
        assert_is_http(talk(place.api_port, request.replace(b"TOKEN", place.token.encode())))


LIVE: dict[str, Live] = {
    "live frames": Live(_make_frames, _send_frames),
    "live handshakes": Live(_make_handshake, _send_heads),
    "live heads": Live(_make_head, _send_heads),
    "live queries": Live(_make_query, _send_heads),
    "live tokens": Live(_make_token, _send_tokens),
    "live polling payloads": Live(_make_payload, _send_payloads),
    "live queue messages": Live(_make_message, _send_messages, batch=500, share=4),
    "live Redis contents": Live(_make_contents, _send_contents),
    "live API requests": Live(api_requests.make, _send_requests),
}
