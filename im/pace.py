"""Much work in a row, with the others' turn in between."""

import time

import eventlet

_BUDGET_SECONDS = 0.002
_LOOKS_EACH = 16  # of so many pieces of work one looks at the clock


class Pace:
    """Called after each piece of work by a greenlet that has a lot of it."""

    __slots__ = ("_done", "_until")

    def __init__(self) -> None:
        self._done = 0
        self.begin()

    def begin(self) -> None:
        """Start a turn, after having waited."""
        self._until = time.monotonic() + _BUDGET_SECONDS

    def step(self) -> None:
        self._done += 1
        if self._done % _LOOKS_EACH == 0 and time.monotonic() > self._until:
            eventlet.sleep(0)
            self.begin()
