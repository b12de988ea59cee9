"""Items that arrive one by one, and that one greenlet handles in batches."""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

import eventlet

T = TypeVar("T")


class Batches(Generic[T]):
    """Collects items until a greenlet of its own handles them, at most `at_once` in a batch.

    The greenlet ends when no item is left, so nothing runs while no item arrives. `handle` must not raise.
    """

    def __init__(self, handle: Callable[[list[T]], None], *, at_once: int) -> None:
        self._handle = handle
        self._at_once = at_once
        self._waiting: deque[T] = deque()
        self._is_running = False

    def add(self, item: T) -> None:
        """Add an item, which is handled soon. The order is first in, first out. Does not switch greenlets."""
        self._waiting.append(item)
        if not self._is_running:
            self._is_running = True
            eventlet.spawn_n(self._run)

    def _run(self) -> None:
        try:
            while self._waiting:
                self._handle([self._waiting.popleft() for _ in range(min(self._at_once, len(self._waiting)))])
                if self._waiting:
                    eventlet.sleep(0)
        finally:
            self._is_running = False
