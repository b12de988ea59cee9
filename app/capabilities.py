"""Whether Redis and RabbitMQ can do what this system asks of them, by asking for a little of each, once a second.

What answers may still refuse: a user without rights, a queue that somebody else has made, a disk that is full.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
from kombu.entity import Exchange
from redis import Redis

from app import broker, events
from app.cache import connect
from app.rabbitmq import Blocked
from app.service_faults import TakesNothing

_FRESH_SECONDS = 1
_TIMEOUT_SECONDS = 0.5
_KEY = "ready"
# Every server of ours passes over a nonce that is not its own.
_NONCE = orjson.dumps({"method": "nonce", "host_id": _KEY})

# What pushes need of a version and of rights: scripts, streams, and a look at the replication.
_HOLD = """
redis.call('INFO', 'replication')
redis.call('XADD', KEYS[1], 'MAXLEN', 1, '*', 'n', '')
redis.call('EXPIRE', KEYS[1], 60)
"""
_KEEP = "for _, key in ipairs(KEYS) do redis.call('LTRIM', key, 0, -1) end"


class Check(Protocol):
    def __call__(self) -> None:
        """Raise one of service_faults.ERRORS, or TakesNothing, where the service can't do what it should."""


def of_cache(redis: Redis) -> Check:
    """Check that histories and all else can be kept."""
    return _cached(lambda: redis.eval(_HOLD, 1, _KEY))


def of_broker(url: str) -> Check:
    """Check that tasks can be queued."""
    if urlsplit(url).scheme.startswith("redis"):
        redis = connect(url, timeout_seconds=_TIMEOUT_SECONDS)
        return _cached(lambda: redis.eval(_KEEP, 2, events.QUEUE, events.DISPATCH_QUEUE))
    return _cached(_RabbitMQ(url, lambda channel: [queue(channel) for queue in broker.queues()]))


def of_message_queue(url: str, channel: str) -> Check:
    """Check that pushes can be published."""
    if urlsplit(url).scheme.startswith("redis"):
        redis = connect(url, timeout_seconds=_TIMEOUT_SECONDS)
        return _cached(lambda: redis.publish(channel, _NONCE))
    exchange = Exchange(channel, type="fanout", durable=False)
    return _cached(_RabbitMQ(url, lambda on: [exchange(on)], exchange=channel))


class _RabbitMQ:
    """Keeps a connection. On it, all is declared once, as its users do; then each call publishes and is confirmed."""

    def __init__(self, url: str, things: Callable[[Any], list[Any]], *, exchange: str = "") -> None:
        self._url = url
        self._things = things
        self._exchange = exchange
        self._connection: Any = None

    def __call__(self) -> None:
        try:
            if self._connection is None:
                self._connection = broker.connection(self._url, timeout_seconds=_TIMEOUT_SECONDS)
                for thing in self._things(self._connection.default_channel):
                    thing.declare()
            self._publish()
        except Blocked as error:  # the connection is kept: RabbitMQ would keep it as well
            raise TakesNothing(str(error)) from error
        except BaseException:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.collect()
            raise

    def _publish(self) -> None:
        producer = self._connection.Producer(auto_declare=False)
        try:
            # To the queues' own exchange it goes by a key that no queue has, and so nowhere.
            producer.publish(_NONCE, exchange=self._exchange, routing_key=_KEY, content_type="application/json")
        except TimeoutError as error:
            raise TakesNothing("a message is not confirmed") from error


def _cached(ask: Callable[[], object]) -> Check:
    """Ask for all who want to know within a second, one at a time."""
    lock = threading.Lock()
    asked_at, failure = 0.0, None

    def check() -> None:
        nonlocal asked_at, failure
        with lock:
            if time.monotonic() - asked_at >= _FRESH_SECONDS:
                try:
                    ask()
                except Exception as error:  # noqa: BLE001  (raised below)
                    failure = error
                else:
                    failure = None
                asked_at = time.monotonic()
        if failure is not None:
            raise failure

    return check
