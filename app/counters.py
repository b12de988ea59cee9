"""Counters that any process adds to, kept in Redis and shown by the API: workers have no /metrics of their own."""

import logging
from collections.abc import Iterator
from typing import cast

from prometheus_client.core import CounterMetricFamily
from redis import Redis

from app.cache import RedisError

log = logging.getLogger(__name__)

_KEY = "counters"

# By name of the metric: its description, its label, and the label's values. Each series is there from the start, since
# a rate misses the event that makes a series.
_DECLARED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "repaired_keys": (
        "Redis keys that held what they should not, and were deleted or repaired",
        "kind",
        ("history", "unread", "profile", "counters"),
    ),
    "dropped_messages": ("Messages from the broker that no worker could read", "reason", ("body", "encoding")),
}


class Counters:
    """Add and read. Counting is best effort: it never raises, and a Redis that forgets starts again at 0."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def add(self, name: str, value: str, count: int = 1) -> None:
        """Count for a metric of `_DECLARED`, under a value of its label."""
        _check(name, value)
        try:
            self._redis.hincrby(_KEY, f"{name}:{value}", count)
        except RedisError as error:
            log.warning("%d x %s %s is not counted: %s", count, name, value, error)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield all metrics for Prometheus, those that were never counted as 0; none of them where Redis is away."""
        try:
            counted = cast("dict[bytes, bytes]", self._redis.hgetall(_KEY))
        except RedisError as error:
            log.warning("counters can't be read: %s", error)
            return
        for name, (description, label, values) in _DECLARED.items():
            family = CounterMetricFamily(f"toutiao_{name}", description, labels=[label])
            for value in values:
                family.add_metric([value], int(counted.get(f"{name}:{value}".encode(), 0)))
            yield family


def _check(name: str, value: str) -> None:
    if value not in _DECLARED[name][2]:
        raise ValueError(f"{value!r} is no {_DECLARED[name][1]} of {name}")
