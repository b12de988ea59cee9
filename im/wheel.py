"""Deadlines of many things at the price of one timer: a wheel of buckets, of which one comes due with each tick."""

import logging
import time
from typing import Protocol

import eventlet

log = logging.getLogger(__name__)

_AT_ONCE = 100  # deadlines after which the sockets have their turn


class Timed(Protocol):
    """Something with one deadline. `due` belongs to the wheel: the bucket that it is in, -1 for none."""

    due: int

    def on_due(self) -> None: ...


class Wheel:
    """`put` sets the deadline, or moves it; `remove` takes it away. Both cost the same, however many there are."""

    def __init__(self, *, tick_seconds: float, longest_seconds: float) -> None:
        self._tick_seconds = tick_seconds
        self._buckets: list[set[Timed]] = [set() for _ in range(int(longest_seconds / tick_seconds) + 3)]
        self._now = 0  # the bucket that came due last

    def __len__(self) -> int:
        return sum(len(bucket) for bucket in self._buckets)

    def put(self, timed: Timed, seconds: float) -> None:
        """Have `on_due` called once, not before the time is over and at most two ticks after."""
        self.remove(timed)
        timed.due = (self._now + 1 + max(1, int(seconds / self._tick_seconds + 0.999))) % len(self._buckets)
        self._buckets[timed.due].add(timed)

    def remove(self, timed: Timed) -> None:
        if timed.due >= 0:
            self._buckets[timed.due].discard(timed)
            timed.due = -1

    def tick(self) -> list[Timed]:
        """Turn by one bucket; return what is due."""
        self._now = (self._now + 1) % len(self._buckets)
        due, self._buckets[self._now] = self._buckets[self._now], set()
        for timed in due:
            timed.due = -1
        return list(due)

    def turn_for_ever(self) -> None:
        """Tick at an even pace. After a standstill the pace is kept and not made up for, or a process that was stopped
        would close clients whose answers it has not read yet.
        """
        next_at = time.monotonic()
        while True:
            next_at = max(next_at + self._tick_seconds, time.monotonic())
            eventlet.sleep(next_at - time.monotonic())
            for count, timed in enumerate(self.tick(), start=1):
                if timed.due < 0:  # else it was put anew while others had their turn
                    _ring(timed)
                if count % _AT_ONCE == 0:
                    eventlet.sleep(0)


def _ring(timed: Timed) -> None:
    try:
        timed.on_due()
    except Exception:
        log.exception("a deadline was not kept")
