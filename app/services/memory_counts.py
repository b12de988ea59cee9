"""Counts in this process, each with an end, for the time when Redis is unavailable."""

import threading
import time
from collections import OrderedDict

_MOST = 10_000  # a few MB


class MemoryCounts:
    """Safe for threads; the storage `memory://` of the library `limits` is not. Beyond `most`, the oldest goes."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()  # by key: the end in Unix seconds, the count
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._counts)

    def get(self, key: str) -> int:
        """Return the count; 0 if there is none, or if it has ended."""
        ends_at, count = self._counts.get(key, (0.0, 0))
        return count if ends_at > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Return the end in Unix seconds; now if there is no count."""
        return max(self._counts.get(key, (0.0, 0))[0], time.time())

    def incr(self, key: str, expiry: int) -> int:
        """Add one, and return the count. It ends `expiry` seconds after its first one."""
        now = time.time()
        with self._lock:
            ends_at, count = self._counts.get(key, (0.0, 0))
            if ends_at <= now:
                self._counts.pop(key, None)  # so that the new one is the last of all
                ends_at, count = now + expiry, 0
            self._counts[key] = ends_at, count + 1
            if len(self._counts) > self._most:
                self._counts.popitem(last=False)
        return count + 1

    def clear(self, key: str) -> None:
        with self._lock:
            self._counts.pop(key, None)
