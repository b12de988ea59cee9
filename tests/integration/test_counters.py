"""The counters of workers are stored in Redis and exported by the API."""

import pytest
from redis import Redis

from core.cache import connect
from core.counters import Counters
from dev.ports import find_free


def _samples(counters: Counters) -> dict[tuple[str, str], float]:
    return {
        (sample.name, next(iter(sample.labels.values()))): sample.value
        for family in counters.collect()
        for sample in family.samples
    }


class TestCounters:
    def test_every_series_starts_at_zero(self, redis: Redis) -> None:
        samples = _samples(Counters(redis))

        assert samples["toutiao_repaired_keys_total", "history"] == 0
        assert samples["toutiao_dropped_messages_total", "body"] == 0

    def test_counts_of_two_processes_are_added(self, redis: Redis) -> None:
        Counters(redis).add("repaired_keys", "unread")
        Counters(redis).add("repaired_keys", "unread", 2)

        assert _samples(Counters(redis))["toutiao_repaired_keys_total", "unread"] == 3

    def test_undeclared_label_raises_value_error(self, redis: Redis) -> None:
        with pytest.raises(ValueError, match="is no kind of repaired_keys"):
            Counters(redis).add("repaired_keys", "unheard of")

    def test_unavailable_redis_raises_nothing(self) -> None:
        with connect(f"redis://127.0.0.1:{find_free()}/0", timeout_seconds=1) as away:
            Counters(away).add("repaired_keys", "unread")

            assert _samples(Counters(away)) == {}
