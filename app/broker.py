"""How the API and the workers talk to Celery's broker: through two bounded queues, and with every wait bounded."""

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

from app import events, rabbitmq, tls
from app.primary import PrimaryConnection, SecurePrimaryConnection

log = logging.getLogger(__name__)

# So many dispatches may wait. Another one adds nothing: each pushes all that is committed when a worker takes it.
_MOST_DISPATCHES = 10
_MOST_MESSAGES = 10_000  # of the other queue, in Redis, which is memory
_AMQP_OPTIONS = {"confirm_publish": True}
_REDIS_OPTIONS = {
    # What a killed worker held is handed out again after this long. Beat does not wait for it.
    "visibility_timeout": 120,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "socket_keepalive_options": get_default_socket_keepalive_options(),  # so that no firewall takes it for idle
    # Redis answers a waiting worker every second. One that is not answered for this much longer connects anew: by
    # default it takes 25 s to see that its connection is half-open.
    "health_check_interval": 3,
}


class QueueFull(Exception):
    """So many messages wait in a queue that it takes no other."""


class _QoS(redis.QoS):
    """Keeps what a worker holds. When it was handed out is told by Redis' clock: those of two workers may differ."""

    _ahead_seconds = 0.0

    def append(self, message: Any, delivery_tag: Any) -> None:
        about = message.delivery_info
        held = dumps([message._raw, about["exchange"], about["routing_key"]])
        with self.channel.conn_or_acquire() as client:
            client.eval(_HOLD, 2, self.unacked_index_key, self.unacked_key, delivery_tag, held)
        virtual.QoS.append(self, message, delivery_tag)

    def restore_visible(self, *args: Any, **options: Any) -> None:
        with self.channel.conn_or_acquire() as client:
            seconds, microseconds = client.time()
        self._ahead_seconds = time.time() - (seconds + microseconds / 1e6)
        super().restore_visible(*args, **options)

    @property
    def visibility_timeout(self) -> float:
        """How long ago, by this process's clock, Redis handed out what is to be handed out again."""
        return float(self.channel.visibility_timeout + self._ahead_seconds)

    def ack(self, delivery_tag: Any) -> None:
        try:
            super().ack(delivery_tag)
        except (OSError, RedisError):
            # Kombu would count the message as held for good, and a worker that may hold one takes no other. Redis
            # hands it out again after its visibility timeout; a repeat does no harm.
            self._quick_ack(delivery_tag)
            raise

    def restore_by_tag(self, tag: Any, *args: Any, **options: Any) -> None:
        try:
            super().restore_by_tag(tag, *args, **options)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            # What is kept for the tag is no message. It would keep those behind it from being handed out again.
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


# What Redis says for a while of all changes, or of all it is asked; in a script of Redis 6 it stands within the text.
_REFUSAL = re.compile(r"(?:.*-)?(?:MISCONF|OOM|BUSY|TRYAGAIN|CLUSTERDOWN) ", re.DOTALL)


class _RefusalEnds:
    """Mixed into redis-py's connections: an answer that Redis can't serve now is as good as a lost connection.

    Kombu takes it for a mistake in the program, and the worker would end.
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

    def _put(self, queue: str, message: Any, **options: Any) -> None:
        """Keep a message unless its queue is full. Raise QueueFull, except for a dispatch: those that wait cover it."""
        if queue not in (events.QUEUE, events.DISPATCH_QUEUE):
            super()._put(queue, message, **options)
            return
        limit = _MOST_DISPATCHES if queue == events.DISPATCH_QUEUE else _MOST_MESSAGES
        with self.conn_or_acquire() as client:
            is_put = client.eval(_PUT, 1, queue, limit, dumps(message))
        if not is_put and queue != events.DISPATCH_QUEUE:
            raise QueueFull(f"{limit} messages wait in {queue}")

    def _brpop_read(self, **options: Any) -> Any:
        return self._read(super()._brpop_read, **options)

    def _receive_one(self, client: Any) -> Any:
        return self._read(super()._receive_one, client)

    def _read(self, read: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Read a message and hand it on. One that Kombu can't read would end the process."""
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
    """Redis, with a worker that goes on when it could not acknowledge a task, or could not read a message."""

    Channel = _RedisChannel
    on_dropped: Callable[[], None] | None = None

    def drop(self, error: Exception) -> None:
        """Log, and tell whoever counts, that a message is gone that could not be read."""
        log.error("dropped what Redis held for a message: %r", error)
        if self.on_dropped is not None:
            self.on_dropped()


# By name, since Kombu knows by the name rediss that it has to encrypt.
TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "app.broker:RedisTransport"))


def connection(url: str, *, timeout_seconds: float) -> Connection:
    """Return a connection to RabbitMQ, not made yet, on which no wait is longer."""
    kombu_url, options = rabbitmq.bounded(url, timeout_seconds=timeout_seconds)
    return Connection(kombu_url, **options)


def queues() -> list[Queue]:
    """Return the queues of tasks.

    RabbitMQ bounds the dispatches by dropping the oldest. An existing queue takes no other arguments, so that of the
    other tasks is bounded by how long a message may wait there, by the broker's clock.
    """
    return [_queue(events.QUEUE), _queue(events.DISPATCH_QUEUE, {"x-max-length": _MOST_DISPATCHES})]


def celery_settings(broker_url: str) -> dict[str, Any]:
    """Return the settings of Celery for whoever sends or takes tasks."""
    transport = rabbitmq.TRANSPORTS.get(urlsplit(broker_url).scheme)
    kombu_url, tls_options = tls.for_kombu(broker_url)
    return {
        "broker_url": kombu_url,
        # Celery's commands read BROKER_URL by themselves, as it stands, and would take it instead.
        "broker_read_url": kombu_url,
        "broker_write_url": kombu_url,
        "broker_use_ssl": tls_options,
        "broker_transport": transport,
        "broker_transport_options": _AMQP_OPTIONS if transport else _REDIS_OPTIONS,
        "broker_connection_timeout": 2,
        "broker_heartbeat": 5,  # a connection that was forgotten on its way is given up after two of them
        "task_queues": queues(),
        "task_routes": {events.DISPATCH_TASK: {"queue": events.DISPATCH_QUEUE}},
        "task_default_queue": events.QUEUE,
        "task_default_routing_key": events.QUEUE,
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
