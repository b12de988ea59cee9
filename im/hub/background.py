"""Tasks that run as long as the process."""

import logging
import random
from collections.abc import Callable

import eventlet

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 5.0


def keep_running(task: Callable[[], object]) -> None:
    """Run a task that has no end. An error that it did not expect is logged, and the task starts again.

    Switches greenlets.
    """
    pause_seconds = _FIRST_PAUSE_SECONDS
    while True:
        try:
            task()
        except Exception:
            log.exception("%r failed and starts again", task)
        eventlet.sleep(pause_seconds * random.uniform(0.5, 1))  # noqa: S311  (jitter)
        pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
