"""Ask the workers to go on, without making anybody wait for the broker.

A thread of its own sends; requests only leave word. Many that come while one is being sent make a single one: a
dispatch pushes all that is committed, whoever asked for it.
"""

import atexit
import logging
import os
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from kombu.messaging import Producer
from prometheus_client import Counter

from app import broker, events, service_faults
from app.rabbitmq import Blocked

log = logging.getLogger(__name__)

FAILED = Counter("toutiao_enqueue_failures_total", "Tasks that the broker did not take", ["task"])
for _task in (events.DISPATCH_TASK, events.TELL_UNREAD_TASK):  # a rate misses the event that makes a series
    FAILED.labels(_task)

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
# How long RabbitMQ keeps a message that no worker takes, by its own clock. Never Celery's `expires`: it compares this
# machine's clock with the worker's.
_KEPT_SECONDS = 24 * 3600
_MOST_USERS = 10_000
_FLUSH_SECONDS = 2.0

Send = Callable[[str, dict[str, object]], None]


class TaskRequests:
    """Leave word for the workers; never blocks and never raises."""

    def __init__(self, broker_url: str, send: Send | None = None) -> None:
        self._send = send or _celery_sender(broker_url)
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._is_dispatch_wanted = False
        self._unread_users: set[int] = set()
        self._is_sending = False
        self._process_id = 0
        atexit.register(self._flush)

    def dispatch(self) -> None:
        """Have what is committed pushed. If the broker takes no word of it, the beat's next round does it."""
        with self._lock:
            self._is_dispatch_wanted = True
            self._wake_sender()

    def tell_unread(self, user_id: int) -> None:
        """Have a user's sockets told of the unread count."""
        with self._lock:
            if len(self._unread_users) < _MOST_USERS:
                self._unread_users.add(user_id)
            else:
                FAILED.labels(events.TELL_UNREAD_TASK).inc()
            self._wake_sender()

    def _wake_sender(self) -> None:
        # Servers fork after they have loaded the application, and threads don't survive that.
        if self._process_id != os.getpid():
            self._process_id = os.getpid()
            threading.Thread(target=self._send_for_ever, name="task-requests", daemon=True).start()
        self._wake.notify_all()

    def _send_for_ever(self) -> None:
        while True:
            with self._lock:
                while not self._is_dispatch_wanted and not self._unread_users:
                    self._is_sending = False
                    self._wake.notify_all()
                    self._wake.wait()
                self._is_sending = True
                is_dispatch_wanted, self._is_dispatch_wanted = self._is_dispatch_wanted, False
                user_ids, self._unread_users = sorted(self._unread_users), set()
            if is_dispatch_wanted:
                self._send_patiently(events.DISPATCH_TASK, {})
            if user_ids:
                self._send_patiently(events.TELL_UNREAD_TASK, {"user_ids": user_ids})

    def _send_patiently(self, task: str, arguments: dict[str, object]) -> None:
        """Send, as often as it takes: who has read must not see an old number for good."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                self._send(task, arguments)
            except Exception as error:  # noqa: BLE001  (brokers raise what they like, and this thread has to go on)
                FAILED.labels(task).inc()
                service_faults.report(log, "broker", error)
            else:
                return
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  (jitter)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _flush(self) -> None:
        """Give the sender a moment to send what was asked for last."""
        with self._lock:
            if self._process_id == os.getpid():
                self._wake.wait_for(
                    lambda: not (self._is_dispatch_wanted or self._unread_users or self._is_sending), _FLUSH_SECONDS
                )


def _celery_sender(broker_url: str) -> Send:
    app = Celery("toutiao-api", set_as_current=False)
    app.conf.update(broker.celery_settings(broker_url))
    producer: Any = None

    # Not by Celery's pool, which closes a connection after any error. RabbitMQ, under an alarm, keeps all that publish.
    def send(task: str, arguments: dict[str, object]) -> None:
        nonlocal producer
        if producer is None:
            producer = Producer(app.connection_for_write(), auto_declare=False)
        try:
            app.send_task(task, producer=producer, kwargs=arguments, ignore_result=True, expiration=_KEPT_SECONDS)
        except Blocked:
            raise
        except Exception:
            producer.connection.collect()
            producer = None
            raise

    return send
