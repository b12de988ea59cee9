"""The write-only emitters: python-socketio's own managers, changed to raise an error when they can't emit.

`_publish` is a private method of both managers. In the library it ignores every error. tests/integration/test_push.py
tests the methods here, and the library's version is pinned.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
import socketio
from amqp.exceptions import AMQPError
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from core import cache, rabbitmq, wire
from core.signatures import Sign, leave_unsigned

_TIMEOUT_SECONDS = 2
_LARGEST_MESSAGE = 256 * 1024  # bytes; more pushes are sent in several messages


class PushFailed(Exception):
    """The message queue did not accept the message, so perhaps no client gets it."""


class Emitter(Protocol):
    def push(self, pushes: Iterable[bytes]) -> None:
        """Publish what wire.encode_push made, many pushes in one signed message; raise PushFailed."""


class NoEmitter:
    """Publishes nothing, because the script that writes the histories has already published."""

    def push(self, pushes: Iterable[bytes]) -> None:
        pass


def create_emitter(message_queue_url: str, channel: str, sign: Sign = leave_unsigned) -> Emitter:
    """Return the emitter to a channel of a message queue: Kombu for amqp://, Redis for redis://."""
    if urlsplit(message_queue_url).scheme.startswith("amqp"):
        return _KombuEmitter(message_queue_url, channel, sign)
    return _RedisEmitter(message_queue_url, channel, sign)


class _RedisEmitter(socketio.RedisManager):
    def __init__(self, url: str, channel: str, sign: Sign) -> None:
        super().__init__(url, channel=channel, write_only=True)
        self._sign = sign
        self.redis = cache.connect(url, timeout_seconds=_TIMEOUT_SECONDS)

    def push(self, pushes: Iterable[bytes]) -> None:
        for message in _messages(pushes):
            self._send(self._sign(message))

    def _publish(self, data: dict[str, Any]) -> None:
        self._send(self._sign(orjson.dumps(data)))

    def _send(self, message: bytes) -> None:
        try:
            self.redis.publish(self.channel, message)
        except RedisError as error:
            raise PushFailed(f"the message queue is unavailable: {error}") from error


class _KombuEmitter(socketio.KombuManager):
    def __init__(self, url: str, channel: str, sign: Sign) -> None:
        kombu_url, options = rabbitmq.bounded(url, timeout_seconds=_TIMEOUT_SECONDS)
        super().__init__(kombu_url, channel=channel, write_only=True, connection_options=options)
        self._sign = sign
        self._producer: Any = None

    def push(self, pushes: Iterable[bytes]) -> None:
        for message in _messages(pushes):
            self._send(self._sign(message), "application/octet-stream", "binary")

    def _publish(self, data: dict[str, Any]) -> None:
        self._send(self._sign(orjson.dumps(data)), "application/json", "utf-8")

    def _send(self, message: bytes, content_type: str, encoding: str) -> None:
        # Try again with a new connection: the old one may have been closed while it was idle.
        is_new = self._producer is None
        try:
            self._send_once(message, content_type, encoding)
        except PushFailed:
            if is_new:
                raise
            self._send_once(message, content_type, encoding)

    def _send_once(self, message: bytes, content_type: str, encoding: str) -> None:
        try:
            if self._producer is None:
                self.publisher_connection = self._connection()
                self._producer = self.publisher_connection.Producer(exchange=self._exchange())
            self._producer.publish(message, content_type=content_type, content_encoding=encoding)
        except rabbitmq.Blocked as error:
            raise PushFailed(str(error)) from error
        except (OSError, AMQPError, KombuError) as error:
            self._producer = None
            self.publisher_connection.collect()  # close() would send a message to a server that may be gone
            raise PushFailed(f"the message queue is unavailable: {error!r}") from error


def _messages(pushes: Iterable[bytes]) -> Iterator[bytes]:
    message: list[bytes] = []
    size = 0
    for push in pushes:
        if message and size + len(push) > _LARGEST_MESSAGE:
            yield wire.SEPARATOR.join(message)
            message, size = [], 0
        message.append(push)
        size += len(push) + 1
    if message:
        yield wire.SEPARATOR.join(message)
