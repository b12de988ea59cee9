"""One client manager for each kind of message queue: how it listens, and how it says its own word."""

import json
import logging
import random
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import eventlet
import socketio
from kombu import entity
from redis.connection import ConnectionPool
from redis.exceptions import RedisError

from app import events, rabbitmq, service_faults, tls
from app.cache import connect
from app.primary import connection_class
from im import metrics
from im.feeds import AmqpFeed, RedisFeed
from im.rooms import PushRooms

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 2
_LONGEST_PAUSE_SECONDS = 5.0


def create_manager(message_queue_url: str) -> Any:
    """Return the manager for a message queue: Kombu for amqp://, Redis for redis://."""
    if urlsplit(message_queue_url).scheme.startswith("amqp"):
        url, options = rabbitmq.secured(message_queue_url)
        return KombuManager(url, channel=events.CHANNEL, connection_options={**_AMQP_OPTIONS, **options})
    return RedisManager(tls.for_redis(message_queue_url), channel=events.CHANNEL, redis_options=_REDIS_OPTIONS)


_AMQP_OPTIONS = {"connect_timeout": _TIMEOUT_SECONDS, "heartbeat": 10}
_REDIS_OPTIONS = {
    "socket_connect_timeout": _TIMEOUT_SECONDS,
    "socket_timeout": _TIMEOUT_SECONDS,
    "socket_keepalive": True,
    "protocol": 2,  # in RESP3 messages come beside the answers, which read_response passes over
}


class _Listener(PushRooms):
    """Subscribes for as long as the process lives. Each new subscription has every socket catch up."""

    _feed: Any = None

    def subscribe_anew(self) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            _quietly(feed.close)

    def _thread(self) -> None:
        """Listen, in place of the library's own thread, which a message of another shape makes subscribe anew."""
        pause = 0.1
        while True:
            try:
                feed = self._feed = self._subscribe()
                for message in feed.messages():
                    pause = 0.1
                    self.hearing.messages += 1
                    self.take(message)
                    self.pace.step()
                    if self._feed is not feed:
                        break
            except service_faults.ERRORS as error:
                self._note(error)
            except Exception:
                log.exception("the subscription ended unexpectedly")
            self.subscribe_anew()
            metrics.IS_HEARING.set(0)
            eventlet.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  (jitter)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _subscribe(self) -> Any:
        raise NotImplementedError

    def _note(self, error: Exception) -> None:
        self.hearing.fault = service_faults.describe(error) if service_faults.fault_of(error).remedy else None
        service_faults.report(log, "message queue", error)

    def _subscribed(self) -> None:
        metrics.SUBSCRIPTIONS.inc()
        log.info("subscribed to the message queue")
        self.delivery.catch_up_all()
        eventlet.spawn_n(_quietly, self.say_nonce)


class RedisManager(_Listener, socketio.RedisManager):
    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        # After a failover the subscription has to move as well: its old server may hear nothing of the new primary.
        self.redis = connect(url, timeout_seconds=_TIMEOUT_SECONDS, on_not_primary=self.subscribe_anew)

    def _publish(self, data: dict[str, Any]) -> None:
        try:
            self.redis.publish(self.channel, json.dumps(data))
        except RedisError as error:
            self._note(error)

    def _subscribe(self) -> RedisFeed:
        options = {**self.redis_options, "connection_class": connection_class(self.redis_url)}
        pool = ConnectionPool.from_url(self.redis_url, **options)
        return RedisFeed(pool.make_connection(), self.channel, self._subscribed)


class KombuManager(_Listener, socketio.KombuManager):
    def _queue(self) -> Any:
        # Exclusive, so that it goes with its connection; and RabbitMQ 4 takes no other transient ones.
        name = f"toutiao-im.{self.host_id}.{time.time_ns()}"
        return entity.Queue(name, self._exchange(), durable=False, exclusive=True, auto_delete=True, max_length=100_000)

    def subscribe_anew(self) -> None:
        super().subscribe_anew()
        # A half-open connection may break publishing too, so renew it: but not one that RabbitMQ blocks in an alarm.
        publisher = self.publisher_connection
        if not (publisher.connected and publisher.connection.is_blocked):
            _quietly(publisher.collect)

    def _producer_publish(self, connection: Any) -> Callable[..., Any]:
        producer = connection.Producer(exchange=self._exchange(), **self.producer_options)
        return connection.ensure(producer, producer.publish, max_retries=1, interval_start=0.1)  # type: ignore[no-any-return]

    def _publish(self, data: dict[str, Any]) -> None:
        try:
            self._producer_publish(self.publisher_connection)(json.dumps(data))
        except service_faults.ERRORS as error:
            self._note(error)
            _quietly(self.publisher_connection.collect)

    def _subscribe(self) -> AmqpFeed:
        feed = AmqpFeed(self._connection(), self._queue())
        self._subscribed()
        return feed


def _quietly(act: Callable[[], object]) -> None:
    try:
        act()
    except Exception as error:  # noqa: BLE001  (the libraries raise what they like on such a connection)
        log.info("on a connection that is gone: %r", error)
