"""Timers in each worker process, which need neither beat nor the broker: both may be unavailable."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from celery.signals import worker_process_init, worker_process_shutdown

from core.log import OnceAMinute

log = logging.getLogger(__name__)

_PAUSE_SECONDS = (2.0, 4.0)  # between two calls in one process; random, so that many processes do not call at once
_STOP_SECONDS = 5
_reported = OnceAMinute()


class Timer:
    """Calls `work` in a thread, unless a task has just done it. Only one of them uses the resources at a time."""

    def __init__(
        self, name: str, work: Callable[[], object], *, pause_seconds: tuple[float, float] = _PAUSE_SECONDS
    ) -> None:
        """`name` is what the log calls the work."""
        self._name = name
        self._work = work
        self._pause_seconds = pause_seconds
        self._lock = threading.Lock()
        self._worked_at = 0.0
        self._is_stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, **_about: object) -> None:
        self._thread = threading.Thread(target=self._run, name=f"timer: {self._name}", daemon=True)
        self._thread.start()

    def stop(self, **_about: object) -> None:
        """Stop, and wait a few seconds for work that is running."""
        self._is_stopped.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Let no other thread use the resources inside the block."""
        with self._lock:
            yield

    @contextmanager
    def working(self) -> Iterator[None]:
        """Be exclusive, and let the timer skip its next round: the block does the work."""
        with self.exclusive():
            yield
            self._worked_at = time.monotonic()

    def _run(self) -> None:
        while not self._is_stopped.wait(pause := random.uniform(*self._pause_seconds)):  # noqa: S311  (jitter)
            if time.monotonic() - self._worked_at < pause:
                continue
            try:
                with self.working():
                    self._work()
            except Exception as error:  # noqa: BLE001  (the thread must go on, and nothing else logs the error)
                if _reported.is_due(self._name):
                    log.warning("%s failed; a timer tries again every few seconds: %s", self._name, error)


class _Thread(Protocol):
    def start(self, **_about: object) -> None: ...
    def stop(self, **_about: object) -> None: ...


def follow_worker(timer: _Thread) -> None:
    """Run it in each child process of a worker. The parent must not fork while it has a thread."""
    worker_process_init.connect(timer.start, weak=False)
    worker_process_shutdown.connect(timer.stop, weak=False)
