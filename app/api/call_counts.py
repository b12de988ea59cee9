"""Counts calls for the limits: the first few of each client and window in this process, all further ones in Redis.

Few clients call more often than that within a window, so most calls need no answer of Redis. Those who do are counted
for all processes together, with their first calls.
"""

from typing import Any

from limits.storage import RedisStorage

from app.services.memory_counts import MemoryCounts

FIRST_CALLS = 10
_MOST_CLIENTS = 20_000  # a few MB; beyond them, the one that began first begins anew


class CallCounts(RedisStorage):
    """A storage of the library `limits` for fixed windows. Safe for threads."""

    STORAGE_SCHEME = ["calls+redis"]  # noqa: RUF012  (the library has it as a variable of instances)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._own = MemoryCounts(_MOST_CLIENTS)  # of this process

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Return how many calls there were in the window of `expiry` seconds, with these ones."""
        calls = self._own.incr(key, expiry, amount)
        if calls < FIRST_CALLS:
            return calls
        is_first_in_redis = calls - amount < FIRST_CALLS
        return super().incr(key, expiry, calls if is_first_in_redis else amount)

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in Unix seconds."""
        is_own = 0 < self._own.get(key) < FIRST_CALLS
        return self._own.get_expiry(key) if is_own else super().get_expiry(key)
