"""Counters that any process adds to, kept in Redis and shown by the API: workers have no /metrics of their own."""

import logging
import re
from collections.abc import Iterator
from typing import cast

from prometheus_client.core import CounterMetricFamily
from redis import Redis

from app.cache import RedisError, is_wrong_type

log = logging.getLogger(__name__)

_KEY = "counters"
_COUNT = re.compile(rb"\d{1,18}")  # no more than Redis can add to

# By name of the metric: its description, its label, and the label's values. Each series is there from the start, since
# a rate misses the event that makes a series.
_DECLARED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "repaired_keys": (
        "Redis keys that held what they should not, and were deleted or repaired",
        "kind",
        ("history", "unread", "profile", "counters"),
    ),
    "dropped_messages": (
        "Messages from the broker that are no task of ours",
        "reason",
        ("envelope", "encoding", "headers", "task", "body"),
    ),
}

NAMES = tuple(f"toutiao_{name}_total" for name in _DECLARED)


def lua_add(name: str, value: str) -> str:
    """Return the Lua statement that counts one within a script, and never stops it."""
    _check(name, value)
    return f"redis.pcall('HINCRBY', '{_KEY}', '{_field(name, value)}', 1)"


class Counters:
    """Add and read. Counting is best effort: it never raises, and a Redis that forgets starts again at 0."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def add(self, name: str, value: str, count: int = 1) -> None:
        """Count for a metric of `_DECLARED`, under a value of its label."""
        _check(name, value)
        try:
            self._redis.hincrby(_KEY, _field(name, value), count)
        except RedisError as error:
            log.warning("%d x %s %s is not counted: %s", count, name, value, error)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield all metrics for Prometheus, those that were never counted as 0; none of them where Redis is away."""
        try:
            counted = self._read()
        except RedisError as error:
            log.warning("counters can't be read: %s", error)
            return
        for name, (description, label, values) in _DECLARED.items():
            family = CounterMetricFamily(f"toutiao_{name}", description, labels=[label])
            for value in values:
                family.add_metric([value], counted.get(_field(name, value), 0))
            yield family

    def _read(self) -> dict[str, int]:
        """Return what is counted. What is no count, or a key that is no hash, is deleted, and so begins at 0 again."""
        fields = [_field(name, value) for name, (_, _, values) in _DECLARED.items() for value in values]
        try:
            stored = cast("list[bytes | None]", self._redis.hmget(_KEY, fields))
        except RedisError as error:
            if not is_wrong_type(error):
                raise
            self._redis.delete(_KEY)
            self.add("repaired_keys", "counters")
            return {}
        counts = {field: count for field, count in zip(fields, stored, strict=True) if count is not None}
        if junk := [field for field, count in counts.items() if not _COUNT.fullmatch(count)]:
            self._redis.hdel(_KEY, *junk)
            self.add("repaired_keys", "counters")
        return {field: int(count) for field, count in counts.items() if field not in junk}


def _field(name: str, value: str) -> str:
    return f"{name}:{value}"


def _check(name: str, value: str) -> None:
    if value not in _DECLARED[name][2]:
        raise ValueError(f"{value!r} is no {_DECLARED[name][1]} of {name}")
