"""Bounds how many threads do something at a time, and how many more wait for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TooManyAtOnce(Exception):
    """Too many others do the same now."""


class Admission:
    """Lets a few callers work at a time, and lets a few more wait for a limited time."""

    def __init__(self, *, at_once: int, most_waiting: int, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._inside = threading.BoundedSemaphore(at_once)
        self._inside_or_waiting = threading.BoundedSemaphore(at_once + most_waiting)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Wait until the caller may work. Raise TooManyAtOnce if too many are waiting, or the wait takes too long."""
        if not self._inside_or_waiting.acquire(blocking=False):
            raise TooManyAtOnce
        try:
            if not self._inside.acquire(timeout=self._wait_seconds):
                raise TooManyAtOnce
            try:
                yield
            finally:
                self._inside.release()
        finally:
            self._inside_or_waiting.release()
