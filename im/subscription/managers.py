"""One client manager for each kind of message queue: it publishes messages and opens a reader of them."""

import time
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

import socketio
from kombu.connection import Connection
from kombu.entity import Queue
from redis.connection import ConnectionPool
from redis.exceptions import RedisError

from core import rabbitmq, service_faults, tls
from core.cache import connect
from core.keys import Keys
from core.primary import connection_class
from core.signatures import Sign
from im.subscription.readers import AmqpReader, RedisConnection, RedisReader
from im.subscription.rooms import IndexedRooms
from im.subscription.subscription import ignore_errors

_TIMEOUT_SECONDS = 2

OnFault = Callable[[BaseException], None]


def create_manager(
    message_queue_url: str, channel: str, keys: Keys, *, sign: Sign, may_control: bool, on_fault: OnFault
) -> "KombuManager | RedisManager":
    """Return the manager for a channel of a message queue: Kombu for amqp://, Redis for redis://.

    `on_fault` gets each error of publishing. For `sign` and `may_control` see IndexedRooms.
    """
    if urlsplit(message_queue_url).scheme.startswith("amqp"):
        return KombuManager(message_queue_url, channel, keys, sign=sign, may_control=may_control, on_fault=on_fault)
    return RedisManager(message_queue_url, channel, sign=sign, may_control=may_control, on_fault=on_fault)


_AMQP_OPTIONS = {"connect_timeout": _TIMEOUT_SECONDS, "heartbeat": 10}
_REDIS_OPTIONS = {
    "socket_connect_timeout": _TIMEOUT_SECONDS,
    "socket_timeout": _TIMEOUT_SECONDS,
    "socket_keepalive": True,
    "protocol": 2,  # RESP3 sends messages as push data, which read_response() skips
}


class RedisManager(IndexedRooms, socketio.RedisManager):
    def __init__(self, url: str, channel: str, *, sign: Sign, may_control: bool, on_fault: OnFault) -> None:
        url = tls.for_redis(url)
        super().__init__(url, channel=channel, redis_options=_REDIS_OPTIONS, sign=sign, may_control=may_control)
        self._on_fault = on_fault
        self._reader: RedisReader | None = None
        self.redis = connect(url, timeout_seconds=_TIMEOUT_SECONDS, on_not_primary=self._on_not_primary)

    def open_reader(self, on_subscribed: Callable[[], None]) -> RedisReader:
        options = {**self.redis_options, "connection_class": connection_class(self.redis_url)}
        pool = ConnectionPool.from_url(self.redis_url, **options)
        connection = cast(RedisConnection, pool.make_connection())  # its declared type has no socket
        self._reader = RedisReader(connection, self.channel, on_subscribed)
        return self._reader

    def drop_publisher(self) -> None:
        """Do nothing: the Redis client replaces a lost connection by itself."""

    def _on_not_primary(self) -> None:
        # After a failover the subscription must move too: the old server may get no messages from the new primary.
        if self._reader is not None:
            ignore_errors(self._reader.close)

    def send(self, message: bytes) -> bool:
        try:
            self.redis.publish(self.channel, message)
        except RedisError as error:
            self._on_fault(error)
            return False
        return True


class KombuManager(IndexedRooms, socketio.KombuManager):
    def __init__(self, url: str, channel: str, keys: Keys, *, sign: Sign, may_control: bool, on_fault: OnFault) -> None:
        url, tls_options = rabbitmq.secured(url)
        options = {**_AMQP_OPTIONS, **tls_options}
        super().__init__(url, channel=channel, connection_options=options, sign=sign, may_control=may_control)
        self._keys = keys
        self._on_fault = on_fault

    def open_reader(self, on_subscribed: Callable[[], None]) -> AmqpReader:
        reader = AmqpReader(self._connection(), self._queue())
        on_subscribed()
        return reader

    def drop_publisher(self) -> None:
        # Keep a connection that RabbitMQ blocks during an alarm: RabbitMQ would keep it open beside a new one.
        publisher = self.publisher_connection
        if not (publisher.connected and publisher.connection.is_blocked):
            ignore_errors(publisher.collect)

    def _queue(self) -> Queue:
        # Exclusive, so that RabbitMQ deletes it with its connection. RabbitMQ 4 refuses other transient queues.
        name = self._keys.im_queue(f"{self.host_id}.{time.time_ns()}")
        return Queue(name, self._exchange(), durable=False, exclusive=True, auto_delete=True, max_length=100_000)

    def _producer_publish(self, connection: Connection) -> Callable[..., object]:
        producer = connection.Producer(exchange=self._exchange(), **self.producer_options)
        publish: Callable[..., object] = connection.ensure(
            producer, producer.publish, max_retries=1, interval_start=0.1
        )
        return publish

    def send(self, message: bytes) -> bool:
        publish = self._producer_publish(self.publisher_connection)
        try:
            publish(message, content_type="application/octet-stream", content_encoding="binary")
        except service_faults.ERRORS as error:
            self._on_fault(error)
            ignore_errors(self.publisher_connection.collect)
            return False
        return True
