"""Sends tasks to the workers, so that no HTTP request waits for the broker.

A separate thread sends. A request only records which task it wants. Several requests during one sending become a single
task, because a dispatch pushes everything that is committed.
"""

import atexit
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery
from kombu.messaging import Producer
from prometheus_client import Counter

from app.api.mark_requests import MarkRequests
from core import broker, events, service_faults
from core.keys import Keys
from core.rabbitmq import Blocked

log = logging.getLogger(__name__)

FAILED = Counter("toutiao_enqueue_failures_total", "Tasks that the broker did not accept", ["task"])
for _task in (events.DISPATCH_TASK, events.TELL_STATE_TASK):  # rate() does not count the event that creates a series
    FAILED.labels(_task)

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
# How long RabbitMQ keeps a message that no worker receives, by its own clock. Celery's `expires` would compare this
# machine's clock with the worker's clock, so it is not used.
_KEPT_SECONDS = 24 * 3600
_FLUSH_SECONDS = 2.0

Send = Callable[[str, dict[str, object]], None]


class TaskRequests:
    """Records which tasks are wanted, and sends them. Its methods never block and never raise."""

    def __init__(self, broker_url: str, send: Send | None = None, *, keys: Keys = Keys()) -> None:
        self._send = send or _celery_sender(broker_url, keys)
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._is_dispatch_wanted = False
        self._marks = MarkRequests()
        self._is_sending = False
        self._process_id = 0
        atexit.register(self._flush)

    def dispatch(self) -> None:
        """Request a dispatch. While the broker accepts no task, the workers' own timers dispatch."""
        with self._lock:
            self._is_dispatch_wanted = True
            self._wake_sender()

    def tell_state(self, user_id: str, columns: tuple[str, ...], ids: Sequence[int]) -> None:
        """Request that a user's sockets are told of marks, and of the counts."""
        with self._lock:
            if not self._marks.add(user_id, columns, ids):
                FAILED.labels(events.TELL_STATE_TASK).inc()
            self._wake_sender()

    def _wake_sender(self) -> None:
        # A server may fork after it has loaded the application, and a thread does not survive a fork.
        if self._process_id != os.getpid():
            self._process_id = os.getpid()
            threading.Thread(target=self._send_for_ever, name="task-requests", daemon=True).start()
        self._wake.notify_all()

    def _send_for_ever(self) -> None:
        while True:
            with self._lock:
                while not self._is_dispatch_wanted and not self._marks:
                    self._is_sending = False
                    self._wake.notify_all()
                    self._wake.wait()
                self._is_sending = True
                is_dispatch_wanted, self._is_dispatch_wanted = self._is_dispatch_wanted, False
                marks = list(self._marks.take_all())
            if is_dispatch_wanted:
                self._send_with_retries(events.DISPATCH_TASK, {})
            for arguments in marks:
                self._send_with_retries(events.TELL_STATE_TASK, arguments)

    def _send_with_retries(self, task: str, arguments: dict[str, object]) -> None:
        """Retry until the task is sent: otherwise a user could see an old count for ever."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                self._send(task, arguments)
            except Exception as error:  # noqa: BLE001  (broker libraries raise errors of any type, and this thread must go on)
                FAILED.labels(task).inc()
                service_faults.report(log, "broker", error)
            else:
                return
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  (jitter)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _flush(self) -> None:
        """Wait a moment until the last requested tasks are sent."""
        with self._lock:
            if self._process_id == os.getpid():
                self._wake.wait_for(
                    lambda: not (self._is_dispatch_wanted or self._marks or self._is_sending), _FLUSH_SECONDS
                )


def _celery_sender(broker_url: str, keys: Keys) -> Send:
    app = Celery("toutiao-api", set_as_current=False)
    app.conf.update(broker.celery_settings(broker_url, keys))
    producer: Any = None

    # Not with Celery's pool, which closes a connection after any error: during an alarm RabbitMQ keeps them all open.
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
