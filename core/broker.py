"""How the API and the workers use Celery's broker: bounded queues, and a bound on each wait."""

import logging
import re
import time
from collections.abc import Callable
from queue import Empty
from typing import Any
from urllib.parse import urlsplit

from kombu.connection import Connection
from kombu.entity import Queue
from kombu.transport import TRANSPORT_ALIASES, redis, virtual
from kombu.utils.json import dumps
from redis._defaults import get_default_socket_keepalive_options
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import DataError, OutOfMemoryError, RedisError, ResponseError

from core import events, rabbitmq, tls
from core.keys import Keys
from core.primary import PrimaryConnection, SecurePrimaryConnection

log = logging.getLogger(__name__)

_NAMES = Keys()  # as Kombu knows them on Redis, where it puts the prefix before what it keeps
# At most this many dispatches wait, and tasks of Web Push. One more adds nothing: each sends all that is there when a
# worker takes it.
_MOST_DISPATCHES = 10
_DISPATCHES = (_NAMES.dispatches, _NAMES.web_pushes)
_MOST_MESSAGES = 10_000  # of the other queue, in Redis, which is memory
_AMQP_OPTIONS = {"confirm_publish": True}
_REDIS_OPTIONS = {
    # Redis delivers the messages of a killed worker again after this time. Beat does not wait for it.
    "visibility_timeout": 120,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "socket_keepalive_options": get_default_socket_keepalive_options(),  # so that no firewall takes it for idle
    # Redis answers a waiting worker every second. A worker without an answer for this much longer reconnects. With the
    # default it takes 25 s to detect a half-open connection.
    "health_check_interval": 3,
}


class QueueFull(Exception):
    """A queue has reached its limit and takes no more messages."""


class _QoS(redis.QoS):
    """Keeps the messages that a worker holds. Redis' clock times each delivery, since workers' clocks may differ."""

    _ahead_seconds = 0.0

    def append(self, message: Any, delivery_tag: Any) -> None:
        about = message.delivery_info
        held = dumps([message._raw, about["exchange"], about["routing_key"]])
        with self.channel.conn_or_acquire() as client:
            keys = map(self.channel.prefixed, (self.unacked_index_key, self.unacked_key))
            client.eval(_HOLD, 2, *keys, delivery_tag, held)
        virtual.QoS.append(self, message, delivery_tag)

    def restore_visible(self, *args: Any, **options: Any) -> None:
        with self.channel.conn_or_acquire() as client:
            seconds, microseconds = client.time()
        self._ahead_seconds = time.time() - (seconds + microseconds / 1e6)
        super().restore_visible(*args, **options)

    @property
    def visibility_timeout(self) -> float:
        """How long ago, by this process's clock, Redis delivered the messages that it has to deliver again."""
        return float(self.channel.visibility_timeout + self._ahead_seconds)

    def ack(self, delivery_tag: Any) -> None:
        try:
            super().ack(delivery_tag)
        except (OSError, RedisError):
            # Kombu would count the message as held for ever, and a worker that may hold one message takes no other.
            # Redis delivers it again after its visibility timeout; a repeat does no harm.
            self._quick_ack(delivery_tag)
            raise

    def restore_by_tag(self, tag: Any, *args: Any, **options: Any) -> None:
        try:
            super().restore_by_tag(tag, *args, **options)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            # The entry of this tag is not a message. It would block the messages behind it from being delivered again.
            self._remove_from_indices(tag).execute()
            self.channel.connection.drop(error)


_HOLD = """
local now = redis.call('TIME')
redis.call('ZADD', KEYS[1], now[1] .. '.' .. string.format('%06d', now[2]), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
"""

_PUT = """
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('LPUSH', KEYS[1], ARGV[2])
return 1
"""


# By these answers Redis refuses all changes or all commands for a while. A script of Redis 6 puts them inside its text.
_REFUSAL = re.compile(r"(?:.*-)?(?:MISCONF|OOM|BUSY|TRYAGAIN|CLUSTERDOWN) ", re.DOTALL)


class _RefusalEnds:
    """Mixed into redis-py's connections: it treats the answer that Redis can't serve now as a lost connection.

    Kombu treats this answer as an error of the program, which would end the worker.
    """

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return super().read_response(*args, **options)  # type: ignore[misc]
        except ResponseError as error:
            if not isinstance(error, OutOfMemoryError) and not _REFUSAL.match(str(error)):
                raise
            self.disconnect()  # type: ignore[attr-defined]
            raise Disconnected(str(error)) from None


class _Connection(_RefusalEnds, PrimaryConnection):
    pass


class _SecureConnection(_RefusalEnds, SecurePrimaryConnection):
    pass


class _RedisChannel(redis.Channel):
    QoS = _QoS
    connection_class = _Connection
    connection_class_ssl = _SecureConnection

    def prefixed(self, key: str) -> str:
        """Return a key as it is in Redis. Kombu does so for commands of its own, and not for EVAL."""
        return f"{self.global_keyprefix}{key}"

    def _put(self, queue: str, message: Any, **options: Any) -> None:
        """Put a message unless its queue is full. Raise QueueFull, except for a dispatch: the waiting ones cover it."""
        if queue not in (_NAMES.notifications, *_DISPATCHES):
            super()._put(queue, message, **options)
            return
        limit = _MOST_DISPATCHES if queue in _DISPATCHES else _MOST_MESSAGES
        with self.conn_or_acquire() as client:
            is_put = client.eval(_PUT, 1, self.prefixed(queue), limit, dumps(message))
        if not is_put and queue not in _DISPATCHES:
            raise QueueFull(f"{limit} messages wait in {self.prefixed(queue)}")

    def _brpop_read(self, **options: Any) -> Any:
        return self._read(super()._brpop_read, **options)

    def _receive_one(self, client: Any) -> Any:
        return self._read(super()._receive_one, client)

    def _read(self, read: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Read a message and pass it on. A message that Kombu can't read would end the process."""
        try:
            return read(*args, **options)
        except DataError as error:  # a field that Redis does not take, of a message that it should keep
            self.connection.drop(error)
        except (Empty, OSError, RedisError):
            raise
        except Exception as error:  # noqa: BLE001  (Kombu takes for granted what a message holds)
            self.connection.drop(error)
        return True


class RedisTransport(redis.Transport):
    """Redis as a broker: a worker continues when it can't acknowledge a task or can't read a message."""

    Channel = _RedisChannel
    on_dropped: Callable[[], None] | None = None

    def drop(self, error: Exception) -> None:
        """Log that an unreadable message is gone, and call `on_dropped`, which counts it."""
        log.error("dropped an unreadable message from Redis: %r", error)
        if self.on_dropped is not None:
            self.on_dropped()


# Replace Kombu's transport under its own names, since the name rediss makes Kombu encrypt.
TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "core.broker:RedisTransport"))


def connection(url: str, *, timeout_seconds: float) -> Connection:
    """Return a connection to RabbitMQ with this bound on each wait. It connects on first use."""
    kombu_url, options = rabbitmq.bounded(url, timeout_seconds=timeout_seconds)
    return Connection(kombu_url, **options)


def queues(keys: Keys = Keys()) -> list[Queue]:
    """Return the queues of tasks.

    RabbitMQ bounds the queues of dispatches and of Web Push by dropping the oldest. An existing queue accepts no new
    arguments, so the queue of the other tasks is bounded by how long each message may wait, by the broker's clock.
    """
    few = {"x-max-length": _MOST_DISPATCHES}
    return [_queue(keys.notifications), _queue(keys.dispatches, few), _queue(keys.web_pushes, few)]


def celery_settings(broker_url: str, keys: Keys = Keys()) -> dict[str, Any]:
    """Return Celery's settings for each process that sends or takes tasks, or watches the workers."""
    transport = rabbitmq.TRANSPORTS.get(urlsplit(broker_url).scheme)
    names = keys if transport else _NAMES
    kombu_url, tls_options = tls.for_kombu(broker_url)
    return {
        "broker_url": kombu_url,
        # Celery's commands read BROKER_URL themselves, without this translation, and would use it instead.
        "broker_read_url": kombu_url,
        "broker_write_url": kombu_url,
        "broker_use_ssl": tls_options,
        "broker_transport": transport,
        "broker_transport_options": _AMQP_OPTIONS if transport else {**_REDIS_OPTIONS, "global_keyprefix": keys.prefix},
        "broker_connection_timeout": 2,
        "broker_heartbeat": 5,  # a connection that was forgotten on its way is given up after two of them
        "task_queues": queues(names),
        "task_routes": {
            events.DISPATCH_TASK: {"queue": names.dispatches},
            events.WEB_PUSH_TASK: {"queue": names.web_pushes},
        },
        "task_default_queue": names.notifications,
        "task_default_routing_key": names.notifications,
        "event_exchange": names.events,
        "event_queue_prefix": names.events,
        "control_exchange": names.control,
        # RabbitMQ 4 refuses queues that are neither durable nor exclusive.
        "event_queue_exclusive": True,
        "control_queue_exclusive": True,
        "task_publish_retry": True,
        "task_publish_retry_policy": {
            "max_retries": 2,
            "interval_start": 0.1,
            "interval_step": 0.2,
            "interval_max": 0.5,
        },
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_send_sent_event": False,  # whoever asks for a dispatch can't know whether it will find anything
    }


def _queue(name: str, arguments: dict[str, Any] | None = None) -> Queue:
    return Queue(name, routing_key=name, queue_arguments={"x-queue-type": "quorum", **(arguments or {})})
