"""Limits how often a logger writes records that other people's messages cause."""

import logging
import time
from collections.abc import Callable


class LogLimit(logging.Filter):
    """Lets a number of records a minute pass. The first record after that minute says how many were left out."""

    def __init__(self, records_per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._records_per_minute = records_per_minute
        self._now = now
        self._passed = self._left_out = 0
        self._until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if self._now() > self._until:
            self._until = self._now() + 60
            if self._left_out:
                record.msg = f"{record.msg} ({self._left_out} earlier records were left out)"
            self._passed = self._left_out = 0
        if self._passed < self._records_per_minute:
            self._passed += 1
            return True
        self._left_out += 1
        return False
