"""A log that others can write into, by what they send, is kept short."""

import logging
import time
from collections.abc import Callable


class LogLimit(logging.Filter):
    """A filter of a logger that lets through so many records a minute, and says how many it held back before."""

    def __init__(self, records: int, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._records = records
        self._now = now
        self._passed = self._held_back = 0
        self._until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if self._now() > self._until:
            self._until = self._now() + 60
            if self._held_back:
                record.msg = f"{record.msg} ({self._held_back} more before it)"
            self._passed = self._held_back = 0
        if self._passed < self._records:
            self._passed += 1
            return True
        self._held_back += 1
        return False
