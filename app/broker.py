"""How the API and the workers talk to Celery's broker: through one queue, and with every wait bounded."""

from typing import Any
from urllib.parse import urlsplit

from kombu.entity import Queue
from kombu.transport import TRANSPORT_ALIASES, pyamqp, redis
from redis.exceptions import RedisError

from app import events

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


class _RedisChannel(redis.Channel):
    QoS = _QoS


class RedisTransport(redis.Transport):
    """Redis, with a worker that goes on when it could not acknowledge a task."""

    Channel = _RedisChannel


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
        "task_send_sent_event": True,
    }
