"""The emitters: how a publisher writes to the message queue of each server."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import redis
import socketio

from core import wire
from core.signatures import Sign
from tasks.emitter import create_emitter


class Emitter(Protocol):
    def push(self, pushes: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Emit `following notify` with each (room, data); the room "" means all clients."""


class Own:
    """This project's own emitter, with many pushes in one message."""

    def __init__(self, url: str, channel: str, sign: Sign) -> None:
        self._emitter = create_emitter(url, channel, sign)

    def push(self, pushes: Iterable[tuple[str, dict[str, Any]]]) -> None:
        self._emitter.push(
            wire.encode_push(room, wire.encode_packet("following notify", data)) for room, data in pushes
        )


class OwnAlone(Own):
    """The same, but each push is one message, and the message queue answers before the next."""

    def push(self, pushes: Iterable[tuple[str, dict[str, Any]]]) -> None:
        for one in pushes:
            super().push([one])


class Stock:
    """python-socketio's write-only managers, unchanged."""

    def __init__(self, url: str, channel: str, _sign: Sign) -> None:
        manager = socketio.KombuManager if url.startswith("amqp") else socketio.RedisManager
        self._manager = manager(url, channel=channel, write_only=True)

    def push(self, pushes: Iterable[tuple[str, dict[str, Any]]]) -> None:
        for room, data in pushes:
            self._manager.emit("following notify", data, room=room or None)


class Node:
    """Publishes as @socket.io/redis-emitter does for @socket.io/redis-adapter, without waiting for answers."""

    _CHANNEL = "socket.io#/#"
    _EVENT = 2

    def __init__(self, url: str, _channel: str, _sign: Sign) -> None:
        import msgpack  # a development package, unlike the others here

        self._pack = msgpack.packb
        self._redis = redis.Redis.from_url(url)

    def push(self, pushes: Iterable[tuple[str, dict[str, Any]]]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for room, data in pushes:
            packet = {"type": self._EVENT, "data": ["following notify", data], "nsp": "/"}
            options = {"rooms": [room] if room else [], "except": [], "flags": {}}
            channel = f"{self._CHANNEL}{room}#" if room else self._CHANNEL
            pipeline.publish(channel, self._pack(["emitter", packet, options]))
        pipeline.execute()


class NodeAlone(Node):
    """The same, but Redis answers each push before the next."""

    def push(self, pushes: Iterable[tuple[str, dict[str, Any]]]) -> None:
        for one in pushes:
            super().push([one])


EMITTERS: dict[str, Callable[[str, str, Sign], Emitter]] = {
    "own": Own,
    "own-alone": OwnAlone,
    "stock": Stock,
    "node": Node,
    "node-alone": NodeAlone,
}
