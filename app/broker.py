"""How the API and the workers talk to Celery's broker: through one queue, and with every wait bounded."""

import logging
from collections.abc import Callable
from queue import Empty
from typing import Any
from urllib.parse import urlsplit

from kombu.entity import Queue
from kombu.transport import TRANSPORT_ALIASES, pyamqp, redis
from redis.exceptions import DataError, RedisError

from app import events

log = logging.getLogger(__name__)

_CONFIRM_SECONDS = 2
_AMQP_OPTIONS = {"confirm_publish": True}
_REDIS_OPTIONS = {
    # What a killed worker held is handed out again after this long. Beat does not wait for it.
    "visibility_timeout": 120,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    # Redis answers a waiting worker every second. One that is not answered for this much longer connects anew: by
    # default it takes 25 s to see that its connection is half-open.
    "health_check_interval": 3,
}


class _Channel(pyamqp.Channel):
    def basic_publish_confirm(self, *args: Any, confirm_timeout: float | None = None, **options: Any) -> Any:
        # Celery has no setting for it, and its events can't even ask: on a half-open connection they wait for ever,
        # and the worker with them.
        timeout = confirm_timeout or _CONFIRM_SECONDS
        return super().basic_publish_confirm(*args, confirm_timeout=timeout, **options)


class _Connection(pyamqp.Connection):
    Channel = _Channel


class Transport(pyamqp.Transport):
    """RabbitMQ, with a bound to how long a publisher waits for the broker's confirmation."""

    Connection = _Connection


class SSLTransport(pyamqp.SSLTransport):
    """The same for amqps://."""

    Connection = _Connection


_TRANSPORTS = {"amqp": "app.broker:Transport", "amqps": "app.broker:SSLTransport"}


class _QoS(redis.QoS):
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


class _RedisChannel(redis.Channel):
    QoS = _QoS

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


def celery_settings(broker_url: str) -> dict[str, Any]:
    """Return the settings of Celery for whoever sends or takes tasks."""
    transport = _TRANSPORTS.get(urlsplit(broker_url).scheme)
    return {
        "broker_url": broker_url,
        "broker_transport": transport,
        "broker_transport_options": _AMQP_OPTIONS if transport else _REDIS_OPTIONS,
        "broker_connection_timeout": 2,
        "broker_heartbeat": 5,  # a connection that was forgotten on its way is given up after two of them
        "task_queues": [Queue(events.QUEUE, routing_key=events.QUEUE, queue_arguments={"x-queue-type": "quorum"})],
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
