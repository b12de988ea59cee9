"""A greenlet with much work lets other greenlets run after each time slice."""

import time

import eventlet

_SLICE_SECONDS = 0.002
_STEPS_PER_CLOCK_CHECK = 16  # reading the clock after every step would cost too much


class TimeSlice:
    """The time slice of one greenlet. The greenlet calls `yield_if_due` after each step of its work."""

    __slots__ = ("_done", "_until")

    def __init__(self) -> None:
        self._done = 0
        self._begin()

    def _begin(self) -> None:
        """Start a new time slice. Call this after the greenlet waited for something."""
        self._until = time.monotonic() + _SLICE_SECONDS

    def yield_if_due(self) -> None:
        """Switch greenlets if the time slice is used up."""
        self._done += 1
        if self._done % _STEPS_PER_CLOCK_CHECK == 0 and time.monotonic() > self._until:
            eventlet.sleep(0)
            self._begin()
