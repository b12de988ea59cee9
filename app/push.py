"""The write-only emitter: python-socketio's own managers, made to raise when they could not emit.

`_publish` is a private method of both managers: it swallows every error there. tests/integration/test_push.py covers
the ones here, and the library's version is pinned.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
import socketio
from amqp.exceptions import AMQPError
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from app import cache, events, rabbitmq

_TIMEOUT_SECONDS = 2
_LARGEST_MESSAGE = 256 * 1024  # bytes; more pushes than this make several messages


class PushFailed(Exception):
    """The message queue did not take the message; nobody may have been told."""


class Emitter(Protocol):
    """What both managers are here."""

    def emit(self, event: str, data: object, *, room: str | None = None) -> None:
        """Emit through python-socketio's own message; raise PushFailed."""

    def push(self, pushes: Iterable[bytes]) -> None:
        """Publish what events.encode_push made, many to a message; raise PushFailed."""


def create_emitter(message_queue_url: str) -> Emitter:
    """Return the emitter for a message queue: Kombu for amqp://, Redis for redis://."""
    if urlsplit(message_queue_url).scheme.startswith("amqp"):
        return _KombuEmitter(message_queue_url)
    return _RedisEmitter(message_queue_url)


class _RedisEmitter(socketio.RedisManager):
    def __init__(self, url: str) -> None:
        super().__init__(url, channel=events.CHANNEL, write_only=True)
        self.redis = cache.connect(url, timeout_seconds=_TIMEOUT_SECONDS)

    def push(self, pushes: Iterable[bytes]) -> None:
        for message in _messages(pushes):
            self._send(message)

    def _publish(self, data: dict[str, Any]) -> None:
        self._send(orjson.dumps(data))

    def _send(self, message: bytes) -> None:
        try:
            self.redis.publish(self.channel, message)
        except RedisError as error:
            raise PushFailed(f"the message queue is away: {error}") from error


class _KombuEmitter(socketio.KombuManager):
    def __init__(self, url: str) -> None:
        kombu_url, options = rabbitmq.bounded(url, timeout_seconds=_TIMEOUT_SECONDS)
        super().__init__(kombu_url, channel=events.CHANNEL, write_only=True, connection_options=options)
        self._producer: Any = None

    def push(self, pushes: Iterable[bytes]) -> None:
        for message in _messages(pushes):
            self._send(message, "application/octet-stream", "binary")

    def _publish(self, data: dict[str, Any]) -> None:
        self._send(orjson.dumps(data), "application/json", "utf-8")

    def _send(self, message: bytes, content_type: str, encoding: str) -> None:
        # Once more with a new connection: the old one may have been closed while it lay idle.
        is_fresh = self._producer is None
        try:
            self._send_once(message, content_type, encoding)
        except PushFailed:
            if is_fresh:
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
            self.publisher_connection.collect()  # closes without a word: nobody may be listening
            raise PushFailed(f"the message queue is away: {error!r}") from error


def _messages(pushes: Iterable[bytes]) -> Iterator[bytes]:
    message: list[bytes] = []
    size = 0
    for push in pushes:
        if message and size + len(push) > _LARGEST_MESSAGE:
            yield events.PUSH_SEPARATOR.join(message)
            message, size = [], 0
        message.append(push)
        size += len(push) + 1
    if message:
        yield events.PUSH_SEPARATOR.join(message)
