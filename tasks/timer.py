"""A worker looks at the outbox by a timer of its own as well: beat may stop, and the broker may be away."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from celery.signals import worker_process_init, worker_process_shutdown

log = logging.getLogger(__name__)

_PAUSE_SECONDS = (2.0, 4.0)  # between two looks of one process; at random, so that those of many spread
_STOP_SECONDS = 5


class OutboxTimer:
    """Calls `look` in a thread, unless something else has looked meanwhile. One at a time uses the resources."""

    def __init__(self, look: Callable[[], object], *, pause_seconds: tuple[float, float] = _PAUSE_SECONDS) -> None:
        self._look = look
        self._pause_seconds = pause_seconds
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, **_about: object) -> None:
        self._thread = threading.Thread(target=self._run, name="outbox-timer", daemon=True)
        self._thread.start()

    def stop(self, **_about: object) -> None:
        """Let what is being pushed come to its end, for a while."""
        self._is_over.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the timer from working for the time of the block."""
        with self._lock:
            yield
            self._looked_at = time.monotonic()

    def _run(self) -> None:
        while not self._is_over.wait(pause := random.uniform(*self._pause_seconds)):  # noqa: S311  (jitter)
            if time.monotonic() - self._looked_at < pause:
                continue
            try:
                with self.alone():
                    self._look()
            except Exception as error:  # noqa: BLE001  (the next look may do better, and nobody else would log it)
                log.warning("the outbox could not be emptied by the timer: %s", error)


def follow_worker(timer: OutboxTimer) -> None:
    """Run the timer in each process that does a worker's tasks: their parent must not fork with a thread."""
    worker_process_init.connect(timer.start, weak=False)
    worker_process_shutdown.connect(timer.stop, weak=False)
