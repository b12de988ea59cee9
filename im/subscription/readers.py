"""Reads the messages of a subscription: each read takes all that has arrived.

The client libraries of Redis and AMQP connect and subscribe. This module reads by itself, because the libraries need
several system calls and objects for each message. It uses private names of the libraries, which
tests/unit/im/test_private_names.py checks.

The memory for a message is limited. RabbitMQ announces the size of a message, so the reader skips one that is too
large. Redis does not, so a message must fit into memory: the subscription ends at 32 MB, as it would in Redis itself.
"""

import time
from collections.abc import Callable, Iterator
from typing import Protocol

import eventlet
import hiredis
from amqp import Channel
from eventlet.greenio import GreenSocket
from kombu.connection import Connection
from kombu.entity import Queue
from redis.exceptions import NoPermissionError, RedisError

from im.subscription.messages import LARGEST
from im.subscription.socket_reader import open_socket_reader
from im.subscription.watchdog import STALLED_SECONDS

_HEARTBEAT_SECONDS = 3
_MOST_UNREAD = 32 * 1024 * 1024  # bytes; the same as Redis's own client-output-buffer-limit for pubsub
_LARGEST_FRAME = 1024 * 1024  # bytes; RabbitMQ's frames have at most 128 KB

_METHOD, _HEADER, _BODY = 1, 2, 3
_DELIVER = b"\x00\x3c\x00\x3c"  # basic.deliver: class 60, method 60
_FRAME_END = 0xCE
_FRAME_OVERHEAD = 8


class RedisConnection(Protocol):
    """What is used of redis-py's connections. `_sock` is private to them."""

    _sock: GreenSocket

    def connect(self) -> None: ...

    def send_command(self, *args: str) -> None: ...

    def disconnect(self) -> None: ...


class RedisReader:
    """A subscription to one channel of Redis."""

    def __init__(self, connection: RedisConnection, channel: str, on_subscribed: Callable[[], None]) -> None:
        self._connection = connection
        self._on_subscribed = on_subscribed
        connection.connect()
        connection.send_command("SUBSCRIBE", channel)
        self._socket_reader = open_socket_reader(connection._sock, seconds=STALLED_SECONDS)

    def messages(self) -> Iterator[bytes]:
        """Yield messages until the subscription ends; then raise OSError or RedisError. Switches greenlets."""
        reader = hiredis.Reader()
        while True:
            reader.feed(self._socket_reader.read())
            while (answer := reader.gets()) is not False:
                if not isinstance(answer, list):
                    kind = NoPermissionError if str(answer).startswith("NOPERM ") else RedisError
                    raise kind(f"Redis sent {answer!r} instead of a message")
                if answer[0] == b"message":
                    yield answer[2]
                elif answer[0] == b"subscribe":
                    self._on_subscribed()
            if reader.len() > _MOST_UNREAD:
                raise RedisError("a message is too large")
            if reader.len() > LARGEST:
                eventlet.sleep(0)  # the rest may have arrived already: let the sockets work first

    def close(self) -> None:
        self._socket_reader.close()
        self._connection.disconnect()


class AmqpReader:
    """A consumer of one queue of RabbitMQ, without acknowledgements."""

    def __init__(self, connection: Connection, queue: Queue) -> None:
        self._connection = connection
        connection.connect()
        channel: Channel = connection.default_channel
        queue(channel).declare()
        channel.basic_consume(queue.name, no_ack=True, callback=None)
        self._socket_reader = open_socket_reader(connection.connection.transport.sock, seconds=STALLED_SECONDS)

    def messages(self) -> Iterator[bytes]:
        """Yield messages until the subscription ends; then raise OSError or a library's error. Switches greenlets."""
        content = _Content()
        rest, heartbeat_at = b"", 0.0
        while True:
            data = rest + self._socket_reader.read()
            self._connection.connection.bytes_recv += 1  # py-amqp's heartbeat check compares this
            if time.monotonic() > heartbeat_at:
                self._connection.heartbeat_check()
                heartbeat_at = time.monotonic() + _HEARTBEAT_SECONDS
            at = 0
            while (end := _end_of_frame(data, at)) <= len(data):
                kind, payload = data[at], data[at + 7 : end - 1]
                if content.add(kind, payload):
                    if content.is_whole:
                        yield content.body
                    elif content.is_too_large:
                        eventlet.sleep(0)  # the rest may have arrived already: let the sockets work first
                elif data[at + 1 : at + 3] != b"\0\0" or kind == _METHOD:
                    # All else is for the library: for example, RabbitMQ closes the channel or the connection.
                    channel = int.from_bytes(data[at + 1 : at + 3], "big")
                    self._connection.connection.on_inbound_frame((kind, channel, payload))
                at = end
            rest = data[at:]
            if len(rest) > _LARGEST_FRAME:
                raise ConnectionResetError("RabbitMQ sent a frame that is too large")

    def close(self) -> None:
        self._socket_reader.close()
        self._connection.collect()


def _end_of_frame(data: bytes, at: int) -> int:
    """Return the end of a frame, or a position after all data while the frame is incomplete.

    A frame has a kind, a channel, a size, a payload and the byte 0xCE.
    """
    if len(data) - at < _FRAME_OVERHEAD:
        return len(data) + 1
    end = at + _FRAME_OVERHEAD + int.from_bytes(data[at + 3 : at + 7], "big")
    if end <= len(data) and data[end - 1] != _FRAME_END:
        raise ConnectionResetError("RabbitMQ sent a frame without its end mark")
    return end


class _Content:
    """Collects the frames of one message: basic.deliver, a header with the size, and the parts of the body.

    It drops the rest of a body that is too large.
    """

    def __init__(self) -> None:
        self.body = b""
        self._missing = 0

    @property
    def is_whole(self) -> bool:
        return self._missing == 0

    @property
    def is_too_large(self) -> bool:
        return len(self.body) > LARGEST

    def add(self, kind: int, payload: bytes) -> bool:
        """Add a frame; return whether it belongs to a message."""
        if kind == _BODY:
            if not self.is_too_large:
                self.body = self.body + payload if self.body else payload
            self._missing -= len(payload)
        elif kind == _HEADER:
            self.body, self._missing = b"", int.from_bytes(payload[4:12], "big")
        elif kind == _METHOD and payload[:4] == _DELIVER:
            self._missing = -1  # the header with the size follows
        else:
            return False
        return True
