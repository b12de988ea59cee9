"""Counts in this process, each with an end. The limits of calls begin here; those of log-ins do while Redis is away."""

import threading
import time
from collections import OrderedDict


class MemoryCounts:
    """Safe for threads; the storage `memory://` of the library `limits` is not. Beyond `most`, the oldest goes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()  # by key: the end by time.monotonic()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._counts)

    def get(self, key: str) -> int:
        """Return the count; 0 if there is none, or if it has ended."""
        ends_at, count = self._counts.get(key, (0.0, 0))
        return count if ends_at > time.monotonic() else 0

    def get_expiry(self, key: str) -> float:
        """Return the end in Unix seconds; now if there is no count."""
        ends_at, _count = self._counts.get(key, (0.0, 0))
        return time.time() + max(ends_at - time.monotonic(), 0)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a count, and return it. It ends `expiry` seconds after it has begun."""
        now = time.monotonic()
        with self._lock:
            ends_at, count = self._counts.get(key, (0.0, 0))
            if ends_at <= now:
                self._counts.pop(key, None)  # so that the new one is the last of all
                ends_at, count = now + expiry, 0
            self._counts[key] = ends_at, count + amount
            if len(self._counts) > self._most:
                self._counts.popitem(last=False)
        return count + amount

    def clear(self, key: str) -> None:
        with self._lock:
            self._counts.pop(key, None)
