"""The messages of a subscription, parsed as they arrive and all that have arrived at once.

The clients of Redis and AMQP make the connection and subscribe. Reading is done here: theirs costs several system calls
and objects a message. The names it needs are private to them: tests/unit/im/test_private_names.py.

What a message may take of memory is bounded. RabbitMQ announces its size, so that one that is too large is read past.
From Redis it has to be held as a whole; there the subscription ends where Redis itself would end it, at 32 MB.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import eventlet
import hiredis
from redis.exceptions import NoPermissionError, RedisError

from im.hearing import DEAF_SECONDS
from im.inflow import open_inflow
from im.messages import LARGEST

_HEARTBEAT_SECONDS = 3
_MOST_UNREAD = 32 * 1024 * 1024  # bytes; as Redis's own client-output-buffer-limit for pubsub
_LARGEST_FRAME = 1024 * 1024  # bytes; RabbitMQ's are 128 KB

_METHOD, _HEADER, _BODY = 1, 2, 3
_DELIVER = b"\x00\x3c\x00\x3c"  # basic.deliver: class 60, method 60
_FRAME_END = 0xCE
_FRAME_OVERHEAD = 8


class RedisFeed:
    """A subscription to one channel."""

    def __init__(self, connection: Any, channel: str, on_subscribed: Callable[[], None]) -> None:
        self._connection = connection
        self._on_subscribed = on_subscribed
        connection.connect()
        connection.send_command("SUBSCRIBE", channel)
        self._inflow = open_inflow(connection._sock, seconds=DEAF_SECONDS)

    def messages(self) -> Iterator[bytes]:
        """Yield for ever; raise one of OSError and RedisError at the end."""
        reader = hiredis.Reader()
        while True:
            reader.feed(self._inflow.read())
            while (answer := reader.gets()) is not False:
                if not isinstance(answer, list):
                    kind = NoPermissionError if str(answer).startswith("NOPERM ") else RedisError
                    raise kind(f"instead of a message came {answer!r}")
                if answer[0] == b"message":
                    yield answer[2]
                elif answer[0] == b"subscribe":
                    self._on_subscribed()
            if reader.len() > _MOST_UNREAD:
                raise RedisError("a message is too large")
            if reader.len() > LARGEST:
                eventlet.sleep(0)  # more of it may be there already, and the sockets wait

    def close(self) -> None:
        self._inflow.close()
        self._connection.disconnect()


class AmqpFeed:
    """A consumer of one queue, without acknowledgements."""

    def __init__(self, connection: Any, queue: Any) -> None:
        """`connection` is Kombu's."""
        self._connection = connection
        connection.connect()
        queue(connection.default_channel).declare()
        connection.default_channel.basic_consume(queue.name, no_ack=True, callback=None)
        self._inflow = open_inflow(connection.connection.transport.sock, seconds=DEAF_SECONDS)

    def messages(self) -> Iterator[bytes]:
        """Yield for ever; raise OSError, or one of the libraries' errors, at the end."""
        content = _Content()
        rest, beats_at = b"", 0.0
        while True:
            data = rest + self._inflow.read()
            self._connection.connection.bytes_recv += 1  # its heartbeat looks at this
            if time.monotonic() > beats_at:
                self._connection.heartbeat_check()
                beats_at = time.monotonic() + _HEARTBEAT_SECONDS
            at = 0
            while (end := _end_of_frame(data, at)) <= len(data):
                kind, payload = data[at], data[at + 7 : end - 1]
                if content.takes(kind, payload):
                    if content.is_whole:
                        yield content.body
                    elif content.is_too_large:
                        eventlet.sleep(0)  # more of it may be there already, and the sockets wait
                elif data[at + 1 : at + 3] != b"\0\0" or kind == _METHOD:
                    # The server ends the channel or the connection, for instance.
                    channel = int.from_bytes(data[at + 1 : at + 3], "big")
                    self._connection.connection.on_inbound_frame((kind, channel, payload))
                at = end
            rest = data[at:]
            if len(rest) > _LARGEST_FRAME:
                raise ConnectionResetError("the server's frames are too large")

    def close(self) -> None:
        self._inflow.close()
        self._connection.collect()


def _end_of_frame(data: bytes, at: int) -> int:
    """Return where a frame ends, beyond all data where that is not known yet: kind, channel, size, payload, 0xCE."""
    if len(data) - at < _FRAME_OVERHEAD:
        return len(data) + 1
    end = at + _FRAME_OVERHEAD + int.from_bytes(data[at + 3 : at + 7], "big")
    if end <= len(data) and data[end - 1] != _FRAME_END:
        raise ConnectionResetError("the server's frames are out of step")
    return end


class _Content:
    """A message comes in several frames: that it is delivered, its size, and its body in pieces.

    Of one that is too large no more is kept than shows that it is.
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

    def takes(self, kind: int, payload: bytes) -> bool:
        """Add a frame; say whether it belonged to a message."""
        if kind == _BODY:
            if not self.is_too_large:
                self.body = self.body + payload if self.body else payload
            self._missing -= len(payload)
        elif kind == _HEADER:
            self.body, self._missing = b"", int.from_bytes(payload[4:12], "big")
        elif kind == _METHOD and payload[:4] == _DELIVER:
            self._missing = -1  # its size follows
        else:
            return False
        return True
