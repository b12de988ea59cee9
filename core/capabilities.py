"""Check that Redis and RabbitMQ can do what this system needs, by a small use of each, once a second at most.

A service that answers may still refuse: a user lacks rights, another program declared the queue, a disk is full.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from kombu.entity import Exchange
from redis import Redis

from core import broker, rabbitmq, service_faults, wire
from core.cache import connect
from core.keys import Keys
from core.rabbitmq import Blocked
from core.service_faults import TakesNothing

_FRESH_SECONDS = 1
_TIMEOUT_SECONDS = 0.5
# Each IM server ignores a canary of another process, signed or not: the API has no key.
_CANARY = wire.encode_canary("ready")

# A push needs scripts, streams and INFO replication. This uses each, so that an old version or a missing right shows.
_HOLD = """
redis.call('INFO', 'replication')
redis.call('XADD', KEYS[1], 'MAXLEN', 1, '*', 'n', '')
redis.call('EXPIRE', KEYS[1], 60)
"""
_KEEP = "for _, key in ipairs(KEYS) do redis.call('LTRIM', key, 0, -1) end"


class Check(Protocol):
    def __call__(self) -> None:
        """Raise one of service_faults.ERRORS, or TakesNothing, where the service can't do what is needed."""


def of_cache(redis: Redis, keys: Keys = Keys()) -> Check:
    """Check that Redis can keep histories and all other keys."""
    return _cached(lambda: redis.eval(_HOLD, 1, keys.ready))


def of_broker(url: str, keys: Keys = Keys()) -> Check:
    """Check that the broker can queue tasks."""
    if urlsplit(url).scheme.startswith("redis"):
        redis = connect(url, timeout_seconds=_TIMEOUT_SECONDS)
        return _cached(lambda: redis.eval(_KEEP, 2, keys.notifications, keys.dispatches))
    # To the queues' own exchange it goes by a key that no queue has, and so nowhere.
    return _cached(_RabbitMQ(url, lambda on: [queue(on) for queue in broker.queues(keys)], routing_key=keys.ready))


def of_message_queue(url: str, channel: str) -> Check:
    """Check that the message queue can publish pushes."""
    if urlsplit(url).scheme.startswith("redis"):
        redis = connect(url, timeout_seconds=_TIMEOUT_SECONDS)
        return _cached(lambda: redis.publish(channel, _CANARY))
    exchange = Exchange(channel, type="fanout", durable=False)
    return _cached(_RabbitMQ(url, lambda on: [exchange(on)], exchange=channel))


class _RabbitMQ:
    """Keeps one connection, and declares everything on it once, as its users do.

    Then each call publishes a message and waits for the confirm.
    """

    def __init__(
        self, url: str, things: Callable[[Any], list[Any]], *, exchange: str = "", routing_key: str = ""
    ) -> None:
        self._url = url
        self._things = things
        self._to = {"exchange": exchange, "routing_key": routing_key}
        self._connection: Any = None

    def __call__(self) -> None:
        try:
            if self._connection is None:
                self._connection = broker.connection(self._url, timeout_seconds=_TIMEOUT_SECONDS)
                channel = self._connection.default_channel
                rabbitmq.check_version(self._connection)
                for thing in self._things(channel):
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
            producer.publish(_CANARY, **self._to, content_type="application/json")
        except TimeoutError as error:
            raise TakesNothing("a message is not confirmed") from error


def report(check_redis: Check, log: logging.Logger) -> None:
    """Log, at the start of a process, what Redis lacks. A Redis that does not answer yet may come later."""
    try:
        check_redis()
    except service_faults.ERRORS as error:
        if service_faults.fault_of(error) is not service_faults.NO_ANSWER:
            service_faults.report(log, "Redis", error)


def _cached(ask: Callable[[], object]) -> Check:
    """Share each answer among all callers within a second; only one caller asks at a time."""
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
