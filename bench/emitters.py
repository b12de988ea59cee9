"""How each server is told to push: what stands between a publisher and the message queue."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import redis
import socketio

from app import events, push


class Emitter(Protocol):
    def push(self, pushes: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Emit `following notify` with each (room, data); the room "" means everybody."""


class Own:
    """This project's own, many pushes to a message."""

    def __init__(self, url: str) -> None:
        self._emitter = push.create_emitter(url)

    def push(self, pushes: Iterable[tuple[str, dict[str, Any]]]) -> None:
        self._emitter.push(
            events.encode_push(room, events.encode_packet(events.FOLLOWING_NOTIFY, data)) for room, data in pushes
        )


class OwnAlone(Own):
    """The same, each push in a message of its own that the message queue answers before the next."""

    def push(self, pushes: Iterable[tuple[str, dict[str, Any]]]) -> None:
        for one in pushes:
            super().push([one])


class Stock:
    """python-socketio's write-only managers as they come."""

    def __init__(self, url: str) -> None:
        manager = socketio.KombuManager if url.startswith("amqp") else socketio.RedisManager
        self._manager = manager(url, write_only=True)

    def push(self, pushes: Iterable[tuple[str, dict[str, Any]]]) -> None:
        for room, data in pushes:
            self._manager.emit(events.FOLLOWING_NOTIFY, data, room=room or None)


class Node:
    """What @socket.io/redis-emitter publishes for @socket.io/redis-adapter; like it, this waits for no answers."""

    _CHANNEL = "socket.io#/#"
    _EVENT = 2

    def __init__(self, url: str) -> None:
        import msgpack  # not there in production, where all else here is

        self._pack = msgpack.packb
        self._redis = redis.Redis.from_url(url)

    def push(self, pushes: Iterable[tuple[str, dict[str, Any]]]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for room, data in pushes:
            packet = {"type": self._EVENT, "data": [events.FOLLOWING_NOTIFY, data], "nsp": "/"}
            options = {"rooms": [room] if room else [], "except": [], "flags": {}}
            channel = f"{self._CHANNEL}{room}#" if room else self._CHANNEL
            pipeline.publish(channel, self._pack(["emitter", packet, options]))
        pipeline.execute()


class NodeAlone(Node):
    """The same, each push answered by Redis before the next."""

    def push(self, pushes: Iterable[tuple[str, dict[str, Any]]]) -> None:
        for one in pushes:
            super().push([one])


EMITTERS: dict[str, Callable[[str], Emitter]] = {
    "own": Own,
    "own-alone": OwnAlone,
    "stock": Stock,
    "node": Node,
    "node-alone": NodeAlone,
}
