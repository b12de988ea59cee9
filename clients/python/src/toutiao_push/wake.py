"""Wakes the workers after a commit, by Celery's broker. Nothing here waits or raises in the caller's thread.

A thread sends. What is asked for while it sends becomes one more task, since a dispatch pushes all that is committed.
"""

import logging
import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

log = logging.getLogger(__name__)

DISPATCH_TASK = "tasks.notifications.dispatch"
_QUEUE = "dispatches"
_MOST_WAITING = 10  # tasks in the queue, as the server's own limit is
_ATTEMPTS = 3
_FIRST_PAUSE_SECONDS = 0.2
_LOG_EVERY_SECONDS = 60.0
_BOUNDS = {"read_timeout": 2, "write_timeout": 2, "socket_timeout": 2, "socket_connect_timeout": 2}

Wake = Callable[[], None]


class Waker:
    """Calls `send` soon, in a thread. Calls that come meanwhile become one.

    After three failures it gives up until the next call: the workers' own timers push what is committed.
    """

    def __init__(self, send: Callable[[], object]) -> None:
        self._send = send
        self._condition = threading.Condition()
        self._is_wanted = False
        self._is_sending = False
        self._process_id = 0
        self._logged_at = -_LOG_EVERY_SECONDS

    def __call__(self) -> None:
        with self._condition:
            self._is_wanted = True
            if self._process_id != os.getpid():  # a thread does not survive a fork
                self._process_id = os.getpid()
                threading.Thread(target=self._run, name="toutiao-push-wake", daemon=True).start()
            self._condition.notify_all()

    def close(self) -> None:
        """Close the connection of what sends. The next call opens another one."""
        self.flush()
        close = getattr(self._send, "close", None)
        if close is not None:
            close()

    def flush(self, *, seconds: float = 2.0) -> bool:
        """Wait until all that was asked for is sent or given up; say whether it is. For scripts that end soon."""
        with self._condition:
            return self._condition.wait_for(lambda: not (self._is_wanted or self._is_sending), seconds)

    def _run(self) -> None:
        while True:
            with self._condition:
                self._is_sending = False
                self._condition.notify_all()
                self._condition.wait_for(lambda: self._is_wanted)
                self._is_wanted, self._is_sending = False, True
            self._send_with_retries()

    def _send_with_retries(self) -> None:
        for attempt in range(_ATTEMPTS):
            try:
                self._send()
            except Exception as error:  # noqa: BLE001  (broker libraries raise errors of any type, and the thread must go on)
                failure = error
            else:
                return
            time.sleep(_FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1))  # noqa: S311  (jitter)
        if time.monotonic() - self._logged_at >= _LOG_EVERY_SECONDS:
            self._logged_at = time.monotonic()
            log.warning("the broker took no dispatch, so pushes wait for the workers' timers: %r", failure)


def wake_celery(celery_app: Any, *, key_prefix: str = "") -> Waker:
    """Return a Waker that sends the workers' task by a Celery application with the server's broker.

    `key_prefix` is the server's KEY_PREFIX. On Redis, give the application
    `broker_transport_options={"global_keyprefix": KEY_PREFIX}` instead.
    """
    return Waker(_Sender(celery_app, f"{key_prefix}{_QUEUE}"))


class _Sender:
    """Sends a task on a connection of its own, and opens another one after a failure or a fork."""

    def __init__(self, celery_app: Any, queue: str) -> None:
        self._app = celery_app
        self._queue = queue
        self._producer: Any = None
        self._process_id = 0

    def __call__(self) -> None:
        from kombu.entity import Queue

        if self._producer is None or self._process_id != os.getpid():
            self._producer, self._process_id = self._connect(), os.getpid()
        try:
            if not self._is_full(self._producer.channel):
                # The server declares its queue itself, with arguments that this application does not know.
                queue = Queue(self._queue, routing_key=self._queue)
                self._app.send_task(
                    DISPATCH_TASK, producer=self._producer, queue=queue, declare=[], ignore_result=True, retry=False
                )
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._producer is not None:
            self._producer, closed = None, self._producer
            closed.connection.collect()

    def _connect(self) -> Any:
        given = self._app.conf.broker_transport_options or {}
        # Without heartbeats, since nothing sends them while the thread waits. A confirmed message has arrived.
        connection = self._app.connection_for_write(
            connect_timeout=2, heartbeat=0, transport_options={**_BOUNDS, **given, "confirm_publish": True}
        )
        return self._app.amqp.Producer(connection, auto_declare=False)

    def _is_full(self, channel: Any) -> bool:
        """Say whether enough tasks wait already. RabbitMQ keeps to a limit of the queue itself, Redis has none."""
        if not hasattr(channel, "_size"):  # only channels of Kombu's that keep queues themselves have it
            return False
        with suppress(channel.connection.channel_errors):
            return bool(channel.queue_declare(self._queue, passive=True).message_count >= _MOST_WAITING)
        return False
