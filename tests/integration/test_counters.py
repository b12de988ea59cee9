"""What workers count is kept in Redis and shown by the API."""

import pytest
from redis import Redis

from app.cache import connect
from app.counters import Counters
from tests.services import free_port


def _samples(counters: Counters) -> dict[tuple[str, str], float]:
    return {
        (sample.name, next(iter(sample.labels.values()))): sample.value
        for family in counters.collect()
        for sample in family.samples
    }


class TestCounters:
    def test_every_series_is_there_from_the_start(self, redis: Redis) -> None:
        samples = _samples(Counters(redis))

        assert samples["toutiao_repaired_keys_total", "history"] == 0
        assert samples["toutiao_dropped_messages_total", "body"] == 0

    def test_what_two_processes_count_is_added_up(self, redis: Redis) -> None:
        Counters(redis).add("repaired_keys", "unread")
        Counters(redis).add("repaired_keys", "unread", 2)

        assert _samples(Counters(redis))["toutiao_repaired_keys_total", "unread"] == 3

    def test_a_value_that_is_not_declared_is_a_mistake_of_ours(self, redis: Redis) -> None:
        with pytest.raises(ValueError, match="is no kind of repaired_keys"):
            Counters(redis).add("repaired_keys", "unheard of")

    def test_nothing_is_raised_without_redis(self) -> None:
        with connect(f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=1) as away:
            Counters(away).add("repaired_keys", "unread")

            assert _samples(Counters(away)) == {}
