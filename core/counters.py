"""Counters in Redis: any process adds to them, and the API shows them, since workers have no /metrics."""

import logging
import re
from collections.abc import Iterator
from typing import cast

from prometheus_client.core import CounterMetricFamily
from redis import Redis

from core.cache import RedisError, is_wrong_type
from core.keys import Keys

log = logging.getLogger(__name__)

_COUNT = re.compile(rb"\d{1,18}")  # no more than Redis can add to

# By name of the metric: its description, its label, and the label's values. Each series exists from the start, since a
# rate misses the first event of a new series.
_DECLARED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "repaired_keys": (
        "Redis keys that held what they should not, and were deleted or repaired",
        "kind",
        ("history", "unread", "profile", "counters", "revocations", "sessions"),
    ),
    "dropped_messages": (
        "Messages from the broker that are no task of ours",
        "reason",
        ("envelope", "encoding", "headers", "task", "body"),
    ),
    "web_pushes": (
        "Web pushes, by what became of them",
        "outcome",
        ("sent", "later", "gone", "refused", "unknown", "gave_up", "forbidden", "invalid"),
    ),
    "not_sent": (
        "Notifications that were held back, because of what their recipients chose",
        "reason",
        ("muted", "filtered", "dropped", "expired"),
    ),
    "bad_preferences": (
        "Reads of preferences of which a part could not be read, and did not count",
        "part",
        ("document", "categories", "events", "muted", "accepted", "quiet_hours", "strangers"),
    ),
}

NAMES = tuple(f"toutiao_{name}_total" for name in _DECLARED)


def lua_add(name: str, value: str, *, key: str) -> str:
    """Return a Lua statement that adds one within a script, and never stops the script.

    `key` is the Lua expression for the key of the counters, such as `KEYS[2]`.
    """
    _check(name, value)
    return f"redis.pcall('HINCRBY', {key}, '{_field(name, value)}', 1)"


class Counters:
    """Add and read. Counting is best effort: it never raises, and starts again at 0 where Redis has lost its data."""

    def __init__(self, redis: Redis, keys: Keys = Keys()) -> None:
        self._redis = redis
        self._key = keys.counters

    def add(self, name: str, value: str, count: int = 1) -> None:
        """Add to a metric of `_DECLARED`, under a value of its label."""
        _check(name, value)
        try:
            self._redis.hincrby(self._key, _field(name, value), count)
        except RedisError as error:
            log.warning("can't add %d to the counter %s %s: %s", count, name, value, error)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield all metrics for Prometheus, with 0 for a series without events; none where Redis is unavailable."""
        try:
            counted = self._read()
        except RedisError as error:
            log.warning("can't read the counters: %s", error)
            return
        for name, (description, label, values) in _DECLARED.items():
            family = CounterMetricFamily(f"toutiao_{name}", description, labels=[label])
            for value in values:
                family.add_metric([value], counted.get(_field(name, value), 0))
            yield family

    def _read(self) -> dict[str, int]:
        """Return the counts. An invalid count, or a key that is not a hash, is deleted and starts again at 0."""
        fields = [_field(name, value) for name, (_, _, values) in _DECLARED.items() for value in values]
        try:
            stored = cast("list[bytes | None]", self._redis.hmget(self._key, fields))
        except RedisError as error:
            if not is_wrong_type(error):
                raise
            self._redis.delete(self._key)
            self.add("repaired_keys", "counters")
            return {}
        counts = {field: count for field, count in zip(fields, stored, strict=True) if count is not None}
        if junk := [field for field, count in counts.items() if not _COUNT.fullmatch(count)]:
            self._redis.hdel(self._key, *junk)
            self.add("repaired_keys", "counters")
        return {field: int(count) for field, count in counts.items() if field not in junk}


def _field(name: str, value: str) -> str:
    return f"{name}:{value}"


def _check(name: str, value: str) -> None:
    if value not in _DECLARED[name][2]:
        raise ValueError(f"{value!r} is no {_DECLARED[name][1]} of {name}")
