"""A timer wheel: many deadlines for the cost of one timer. Each tick, one bucket of deadlines is due."""

import logging
import time
from typing import Protocol

import eventlet

log = logging.getLogger(__name__)

_CALLS_PER_YIELD = 100  # after so many calls the hub serves the sockets


class Timed(Protocol):
    """An object with one deadline. Only the wheel changes `due`: the number of its bucket, or -1 for no deadline."""

    due: int

    def on_due(self) -> None:
        """Act on the deadline. This must not wait, because a wait delays all other deadlines."""


class TimerWheel:
    """Keeps deadlines. `put` and `remove` take constant time, however many deadlines there are."""

    def __init__(self, *, tick_seconds: float, longest_seconds: float) -> None:
        self._tick_seconds = tick_seconds
        self._buckets: list[set[Timed]] = [set() for _ in range(int(longest_seconds / tick_seconds) + 3)]
        self._now = 0  # the number of the bucket that was due last

    def __len__(self) -> int:
        return sum(len(bucket) for bucket in self._buckets)

    def put(self, timed: Timed, seconds: float) -> None:
        """Set or move a deadline: `on_due` is called once, after these seconds and at most two ticks later.

        Raise ValueError for more than `longest_seconds`.
        """
        ticks = max(1, int(seconds / self._tick_seconds + 0.999))
        if ticks + 1 >= len(self._buckets):
            raise ValueError(f"{seconds} s is longer than this wheel measures")
        self.remove(timed)
        timed.due = (self._now + 1 + ticks) % len(self._buckets)
        self._buckets[timed.due].add(timed)

    def remove(self, timed: Timed) -> None:
        if timed.due >= 0:
            self._buckets[timed.due].discard(timed)
            timed.due = -1

    def tick(self) -> list[Timed]:
        """Advance by one bucket; return the objects that are due."""
        self._now = (self._now + 1) % len(self._buckets)
        due, self._buckets[self._now] = self._buckets[self._now], set()
        for timed in due:
            timed.due = -1
        return list(due)

    def run_for_ever(self) -> None:
        """Tick at regular times. Switches greenlets.

        After the process was stopped, the missed ticks are skipped. If they were made up, the wheel would close clients
        whose pongs have arrived and are not read yet.
        """
        next_at = time.monotonic()
        while True:
            next_at = max(next_at + self._tick_seconds, time.monotonic())
            eventlet.sleep(next_at - time.monotonic())
            for count, timed in enumerate(self.tick(), start=1):
                if timed.due < 0:  # if not, it got a new deadline during a yield
                    _call(timed)
                if count % _CALLS_PER_YIELD == 0:
                    eventlet.sleep(0)


def _call(timed: Timed) -> None:
    try:
        timed.on_due()
    except Exception:
        log.exception("the call for a deadline failed")
