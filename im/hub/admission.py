"""A queue for greenlets that wait to start. Few start at a time, so that they do not delay pushes."""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import greenlet
from eventlet import hubs

log = logging.getLogger(__name__)

_ROUND_BUDGET_SECONDS = 0.002  # in each round of the hub

Function = Callable[..., object]


def _resume(waiting: greenlet.greenlet) -> None:
    """Marks an entry of the queue as a greenlet that waits. It is never called."""


class AdmissionQueue:
    """Serves thousands of clients that connect, or leave, together: each round of the hub starts what a budget allows.

    Between two rounds the hub serves every socket and the message queue. The order is first in, first out.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[Function, tuple[Any, ...]]] = deque()  # Any: the arguments of each function
        self._is_scheduled = False

    def __len__(self) -> int:
        return len(self._waiting)

    def spawn(self, function: Function, *args: object) -> None:
        """Queue a function, which then runs in a greenlet of its own. Does not switch greenlets."""
        self._waiting.append((function, args))
        self._schedule()

    def wait(self) -> None:
        """Switch greenlets until the queue admits the greenlet that calls."""
        self._waiting.append((_resume, (greenlet.getcurrent(),)))
        self._schedule()
        hubs.get_hub().switch()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            hubs.get_hub().schedule_call_global(0, self._round)

    def _round(self) -> None:
        self._is_scheduled = False
        until = time.monotonic() + _ROUND_BUDGET_SECONDS
        hub = hubs.get_hub()
        while self._waiting:
            function, args = self._waiting.popleft()
            # switch() returns here when the greenlet ends, or when it waits for something.
            if function is _resume:
                args[0].switch()
            else:
                greenlet.greenlet(_logged, hub.greenlet).switch(function, args)
            if time.monotonic() > until:
                break
        if self._waiting:
            self._schedule()


def _logged(function: Function, args: tuple[object, ...]) -> None:
    try:
        function(*args)
    except Exception:
        log.exception("%r failed", function)
