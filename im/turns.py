"""Greenlets that start in the order of their coming, few enough at a time that pushes are not held up."""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import greenlet
from eventlet import hubs

log = logging.getLogger(__name__)

_BUDGET_SECONDS = 0.002  # of each round of the hub

Act = Callable[..., object]


def _resume(waiting: Any) -> None:
    """Stands in the row for a greenlet that waits."""


class Turns:
    """Thousands of clients that come, or leave, at once: each round of the hub takes on as many as its budget allows.

    Between two rounds the hub looks at every socket and at the message queue. First come, first served.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[Act, tuple[Any, ...]]] = deque()
        self._is_scheduled = False

    def __len__(self) -> int:
        return len(self._waiting)

    def spawn(self, act: Act, *args: Any) -> None:
        """Run a function in a greenlet of its own when its turn comes."""
        self._waiting.append((act, args))
        self._schedule()

    def wait(self) -> None:
        """Suspend the greenlet that calls until its turn comes."""
        self._waiting.append((_resume, (greenlet.getcurrent(),)))
        self._schedule()
        hubs.get_hub().switch()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            hubs.get_hub().schedule_call_global(0, self._round)

    def _round(self) -> None:
        self._is_scheduled = False
        until = time.monotonic() + _BUDGET_SECONDS
        hub = hubs.get_hub()
        while self._waiting:
            act, args = self._waiting.popleft()
            # Comes back here when the greenlet ends or waits for something next.
            if act is _resume:
                args[0].switch()
            else:
                greenlet.greenlet(_logged, hub.greenlet).switch(act, args)
            if time.monotonic() > until:
                break
        if self._waiting:
            self._schedule()


def _logged(act: Act, args: tuple[Any, ...]) -> None:
    try:
        act(*args)
    except Exception:
        log.exception("%r failed", act)
