"""Counts calls for the limits: the first few of each client and window in this process, all further ones in Redis.

Few clients call more often than that within a window, so most calls need no answer of Redis. Those who do are counted
for all processes together, with their first calls.
"""

import threading
import time
from typing import Any

from limits.storage import RedisStorage

FIRST_CALLS = 10
_MOST_CLIENTS = 20_000  # a few MB; beyond them, the one that began first begins anew


class CallCounts(RedisStorage):
    """A storage of the library `limits` for fixed windows. Safe for threads."""

    STORAGE_SCHEME = ["calls+redis"]  # noqa: RUF012  (the library has it as a variable of instances)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._windows: dict[str, tuple[float, int]] = {}  # by key: when it ends by time.monotonic(), and its calls
        self._lock = threading.Lock()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Return how many calls there were in the window of `expiry` seconds, with these ones."""
        calls = self._count(key, expiry, amount)
        if calls < FIRST_CALLS:
            return calls
        is_first_in_redis = calls - amount < FIRST_CALLS
        return super().incr(key, expiry, calls if is_first_in_redis else amount)

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in Unix seconds."""
        ends_at, calls = self._windows.get(key, (0.0, FIRST_CALLS))
        return super().get_expiry(key) if calls >= FIRST_CALLS else time.time() + ends_at - time.monotonic()

    def _count(self, key: str, expiry: int, amount: int) -> int:
        now = time.monotonic()
        with self._lock:
            ends_at, calls = self._windows.get(key, (0.0, 0))
            if ends_at <= now:
                self._windows.pop(key, None)  # so that the new window is the last of all
                ends_at, calls = now + expiry, 0
            self._windows[key] = ends_at, calls + amount
            if len(self._windows) > _MOST_CLIENTS:
                del self._windows[next(iter(self._windows))]
        return calls + amount
