"""A bad history costs its user what was in it, and affects no other user."""

import time
from typing import Any

import pytest
from redis import Redis

from core.epochs import PLACES
from core.history import EMPTY, Gap, History
from tests.epochs import offset_in
from tests.integration.bad_keys import AFTER, BEFORE, KEY, VICTIM, append, numbers, places, repaired
from tests.junk import EXHAUSTED, HISTORIES, OTHER_TYPES, STREAMS, Write


@pytest.mark.parametrize("write", HISTORIES.values(), ids=HISTORIES)
class TestHistoryOfAnyType:
    def test_append_repairs_the_bad_history_and_appends_to_others_once(
        self, redis: Redis, history: History, write: Write
    ) -> None:
        write(redis, KEY)

        first = append(history, BEFORE, VICTIM, AFTER)
        again = append(history, BEFORE, VICTIM, AFTER)

        assert [offset for _, offset in places(again)] == [offset for _, offset in places(first)]
        assert [numbers(history.read_after(user_id, EMPTY)) for user_id in (BEFORE, AFTER)] == [[1], [1]]
        assert len(first.pushes) == 3

    def test_other_users_of_a_read_get_their_gaps(self, redis: Redis, history: History, write: Write) -> None:
        append(history, BEFORE, AFTER)
        write(redis, KEY)

        gaps = history.read_many([(BEFORE, EMPTY), (VICTIM, EMPTY), (VICTIM, "1-1"), (VICTIM, None), (AFTER, EMPTY)])

        assert [numbers(gaps[0]), numbers(gaps[4])] == [[1], [1]]
        assert [(gap.is_covered, gap.packets) for gap in gaps[1:3]] == [(False, [])] * 2

    def test_repaired_history_is_not_covered_from_the_beginning(
        self, redis: Redis, history: History, write: Write
    ) -> None:
        append(history, VICTIM)
        redis.delete(KEY)
        write(redis, KEY)
        for _ in range(2):
            assert not history.read_after(VICTIM, EMPTY).is_covered

        append(history, VICTIM, number=2)

        assert not history.read_after(VICTIM, EMPTY).is_covered

    def test_repaired_history_covers_later_pushes(self, redis: Redis, history: History, write: Write) -> None:
        write(redis, KEY)
        newest = history.read_after(VICTIM, EMPTY).newest
        append(history, VICTIM)
        newest = history.read_after(VICTIM, newest).newest

        [(previous, offset)] = places(append(history, VICTIM, number=2))

        assert previous == newest
        assert numbers(history.read_after(VICTIM, newest)) == [2]
        assert history.newest(VICTIM) == offset
        assert redis.ttl(KEY) > 0  # type: ignore[operator]


class TestRepairOfHistory:
    @pytest.mark.parametrize("write", [*OTHER_TYPES.values(), *EXHAUSTED.values()])
    def test_bad_history_is_replaced_on_append_and_counted_once(
        self, redis: Redis, history: History, write: Write
    ) -> None:
        write(redis, KEY)

        [(previous, offset)] = places(append(history, VICTIM))

        assert previous == EMPTY
        assert history.read_many([(VICTIM, EMPTY)]) == [Gap(is_covered=False, packets=[], newest=offset)]
        assert repaired(redis, "history") == 1

    @pytest.mark.parametrize("write", [*OTHER_TYPES.values(), *STREAMS.values()])
    def test_bad_history_is_replaced_on_read_and_counted_once(
        self, redis: Redis, history: History, write: Write
    ) -> None:
        write(redis, KEY)

        [gap] = history.read_many([(VICTIM, EMPTY)])
        [again] = history.read_many([(VICTIM, gap.newest)])

        assert gap == Gap(is_covered=False, packets=[], newest=history.newest(VICTIM))
        assert again == Gap(is_covered=True, packets=[], newest=gap.newest)
        assert repaired(redis, "history") == 1

    def test_exhausted_stream_ids_are_not_covered(self, redis: Redis, history: History) -> None:
        redis.xadd(KEY, {"n": "0", "h": "x", "t": "x"}, id=offset_in(redis, 2**64 - 1, PLACES - 2))

        last_of_all = history.newest(VICTIM)
        [(previous, offset)] = places(append(history, VICTIM))

        assert previous == EMPTY
        assert [history.read_after(VICTIM, one).is_covered for one in (EMPTY, last_of_all, offset)] == [
            False,
            False,
            True,
        ]

    def test_redis_error_is_not_mistaken_for_a_bad_key(self, redis: Redis, history: History) -> None:
        append(history, VICTIM)
        redis.config_set("maxmemory", 1)
        try:
            with pytest.raises(Exception, match="maxmemory"):
                append(history, VICTIM, number=2)
        finally:
            redis.config_set("maxmemory", 0)

        assert numbers(history.read_after(VICTIM, EMPTY)) == [1]


class TestOversizedHistory:
    """Reading more entries than a history may have would block Redis, and all users of the same read."""

    @pytest.fixture
    def written(self, redis: Redis) -> list[str]:
        """The first and the last offset of such a history."""
        pipeline = redis.pipeline(transaction=False)
        for number in range(5000):
            entry: dict[Any, Any] = {"n": str(number), "h": '42["following notify",{"offset":"', "t": '"}]'}
            pipeline.xadd(KEY, entry, id=offset_in(redis, time.time_ns() // 1_000_000, number))
        written: list[bytes] = pipeline.execute()
        return [written[0].decode(), written[-1].decode()]

    @pytest.mark.usefixtures("written")
    def test_append_replaces_an_oversized_history(self, redis: Redis, history: History) -> None:
        appended = append(history, BEFORE, VICTIM, AFTER)

        assert redis.xlen(KEY) == 2
        assert len(appended.pushes) == 3
        assert not history.read_after(VICTIM, EMPTY).is_covered
        assert [numbers(history.read_after(user_id, EMPTY)) for user_id in (BEFORE, AFTER)] == [[1], [1]]
        assert repaired(redis, "history") == 1

    def test_read_of_an_oversized_history_is_bounded(self, redis: Redis, history: History, written: list[str]) -> None:
        append(history, BEFORE)
        first, last = written
        newest, whole = history.read_many([(VICTIM, last), (VICTIM, first)])

        assert (newest.is_covered, whole.is_covered) == (True, False)
        assert redis.xlen(KEY) == 1
        assert numbers(history.read_after(BEFORE, EMPTY)) == [1]
