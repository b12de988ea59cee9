"""A key that holds something else costs its own user what was in it, and nobody else anything."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from app import counters, events
from app.epochs import PLACES
from app.history import EMPTY, Appended, Entry, Gap, History
from app.presence import is_online, key_of
from app.profiles import Profile, UserProfileCache
from app.unread import UnreadCache
from tests.epochs import empty, moment, offset_in
from tests.junk import EXHAUSTED, HISTORIES, OTHER_TYPES, STREAMS, Write, junk

VICTIM, BEFORE, AFTER = 7, 6, 8
KEY = f"user:{VICTIM}:history"


@pytest.fixture
def history(redis: Redis) -> History:
    return History(redis, length=1000, seconds=3600)


def append(history: History, *user_ids: int, number: int = 1) -> Appended:
    """Append one notification for each of these users, in one batch."""
    now = int(time.time())
    return history.append(
        [Entry.encode(number, user_id, events.FOLLOWING_NOTIFY, {"id": number}, now) for user_id in user_ids]
    )


def places(appended: Appended) -> list[tuple[str, str]]:
    """The offset before and the own offset of each push."""
    return [(p[1].decode(), p[2].decode()) for p in (push.split(b"\0", 3) for push in appended.pushes)]


def numbers(gap: Gap) -> list[int]:
    return [json.loads(packet[2:])[1]["id"] for _, packet in gap.packets]


def repaired(redis: Redis, kind: str) -> int:
    [family] = [f for f in counters.Counters(redis).collect() if f.name == "toutiao_repaired_keys"]
    return next(int(sample.value) for sample in family.samples if sample.labels["kind"] == kind)


@pytest.mark.parametrize("write", HISTORIES.values(), ids=HISTORIES)
class TestAnyHistory:
    def test_others_of_the_batch_are_appended_once_and_it_gets_its_own(
        self, redis: Redis, history: History, write: Write
    ) -> None:
        write(redis, KEY)

        first = append(history, BEFORE, VICTIM, AFTER)
        again = append(history, BEFORE, VICTIM, AFTER)

        assert [offset for _, offset in places(again)] == [offset for _, offset in places(first)]
        assert [numbers(history.read_after(user_id, EMPTY)) for user_id in (BEFORE, AFTER)] == [[1], [1]]
        assert len(first.pushes) == 3

    def test_others_who_connect_at_once_are_told_what_they_missed(
        self, redis: Redis, history: History, write: Write
    ) -> None:
        append(history, BEFORE, AFTER)
        write(redis, KEY)

        gaps = history.read_many([(BEFORE, EMPTY), (VICTIM, EMPTY), (VICTIM, "1-1"), (VICTIM, None), (AFTER, EMPTY)])

        assert [numbers(gaps[0]), numbers(gaps[4])] == [[1], [1]]
        assert [(gap.is_covered, gap.packets) for gap in gaps[1:3]] == [(False, [])] * 2

    def test_nobody_is_told_of_the_beginning_that_all_of_it_is_there(
        self, redis: Redis, history: History, write: Write
    ) -> None:
        append(history, VICTIM)
        redis.delete(KEY)
        write(redis, KEY)
        for _ in range(2):
            assert not history.read_after(VICTIM, EMPTY).is_covered

        append(history, VICTIM, number=2)

        assert not history.read_after(VICTIM, EMPTY).is_covered

    def test_what_comes_after_the_repair_is_told_as_ever(self, redis: Redis, history: History, write: Write) -> None:
        write(redis, KEY)
        newest = history.read_after(VICTIM, EMPTY).newest
        append(history, VICTIM)
        newest = history.read_after(VICTIM, newest).newest

        [(previous, offset)] = places(append(history, VICTIM, number=2))

        assert previous == newest
        assert numbers(history.read_after(VICTIM, newest)) == [2]
        assert history.newest(VICTIM) == offset
        assert redis.ttl(KEY) > 0  # type: ignore[operator]


class TestHistory:
    @pytest.mark.parametrize("write", [*OTHER_TYPES.values(), *EXHAUSTED.values()])
    def test_what_can_not_be_appended_to_begins_anew_and_is_counted_once(
        self, redis: Redis, history: History, write: Write
    ) -> None:
        write(redis, KEY)

        [(previous, offset)] = places(append(history, VICTIM))

        assert previous == EMPTY
        assert history.read_many([(VICTIM, EMPTY)]) == [Gap(is_covered=False, packets=[], newest=offset)]
        assert repaired(redis, "history") == 1

    @pytest.mark.parametrize("write", [*OTHER_TYPES.values(), *STREAMS.values()])
    def test_what_can_not_be_read_begins_anew_and_is_counted_once(
        self, redis: Redis, history: History, write: Write
    ) -> None:
        write(redis, KEY)

        [gap] = history.read_many([(VICTIM, EMPTY)])
        [again] = history.read_many([(VICTIM, gap.newest)])

        assert gap == Gap(is_covered=False, packets=[], newest=history.newest(VICTIM))
        assert again == Gap(is_covered=True, packets=[], newest=gap.newest)
        assert repaired(redis, "history") == 1

    def test_ids_that_are_used_up_within_a_batch_lose_nothing_in_silence(self, redis: Redis, history: History) -> None:
        redis.xadd(KEY, {"n": "0", "h": "x", "t": "x"}, id=offset_in(redis, 2**64 - 1, PLACES - 2))

        last_of_all = history.newest(VICTIM)
        [(previous, offset)] = places(append(history, VICTIM))

        assert previous == EMPTY
        assert [history.read_after(VICTIM, one).is_covered for one in (EMPTY, last_of_all, offset)] == [
            False,
            False,
            True,
        ]

    def test_an_error_of_redis_itself_is_not_taken_for_a_bad_key(self, redis: Redis, history: History) -> None:
        append(history, VICTIM)
        redis.config_set("maxmemory", 1)
        try:
            with pytest.raises(Exception, match="maxmemory"):
                append(history, VICTIM, number=2)
        finally:
            redis.config_set("maxmemory", 0)

        assert numbers(history.read_after(VICTIM, EMPTY)) == [1]


class TestUnread:
    @pytest.mark.parametrize(
        "value",
        [b"", b"junk", b":", b"5", b"1:", b":1", b"1:x", b"-1:1", b"1:1:1", b"1:1\n", b"\xff:1", b"9" * 30 + b":1"],
    )
    def test_what_is_no_count_is_unknown_and_then_replaced(self, redis: Redis, value: bytes) -> None:
        unread = UnreadCache(redis)
        unread.set({BEFORE: 1, AFTER: 2}, read_at=moment())
        redis.set(f"user:{VICTIM}:unread", value)

        assert unread.get_many([BEFORE, VICTIM, AFTER]) == [1, None, 2]

        redis.set(f"user:{VICTIM}:unread", value)
        assert len(unread.set({BEFORE: 3, VICTIM: 4, AFTER: 5}, read_at=moment())) == 3
        assert unread.get_many([BEFORE, VICTIM, AFTER]) == [3, 4, 5]
        assert repaired(redis, "unread") == 2

    @pytest.mark.parametrize("write", OTHER_TYPES.values(), ids=OTHER_TYPES)
    def test_one_of_another_type_too(self, redis: Redis, write: Write) -> None:
        unread = UnreadCache(redis)
        unread.set({BEFORE: 1}, read_at=moment())
        write(redis, f"user:{VICTIM}:unread")

        assert unread.get_many([BEFORE, VICTIM]) == [1, None]
        unread.set({BEFORE: 3, VICTIM: 4}, read_at=moment())

        assert unread.get_many([BEFORE, VICTIM]) == [3, 4]
        assert repaired(redis, "unread") == 1

    def test_where_a_count_was_forgotten_so_it_stays(self, redis: Redis) -> None:
        redis.set(f"user:{VICTIM}:unread", "junk")

        UnreadCache(redis).set({VICTIM: 4}, read_at=moment(), is_first=False)

        assert redis.get(f"user:{VICTIM}:unread") is None

    def test_a_clock_that_was_wrong_does_not_keep_its_count_for_ever(self, redis: Redis) -> None:
        unread = UnreadCache(redis)
        unread.set({VICTIM: 4}, read_at=moment() + 3600 * 1_000_000)

        unread.set({VICTIM: 5}, read_at=moment())

        assert unread.get(VICTIM) == 5


class Table:
    """Who is there, and how often somebody asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def load(self, user_ids: list[int]) -> dict[int, Profile]:
        self.asked += user_ids
        return {n: Profile(id=n, name="ann", photo=None, introduction=None) for n in user_ids}


class TestProfiles:
    BAD = (
        b"",
        b"junk",
        b"5",
        b"[]",
        b"{}",
        b'"x"',
        b'{"id":8,"name":"x","photo":null,"introduction":null}',
        b'{"id":7,"name":5,"photo":null,"introduction":null}',
        b'{"id":7,"name":"x","photo":{}}',
        b'{"id":7,"name":"\xff","photo":null,"introduction":null}',
        b"[" * 5000,
    )

    @pytest.mark.parametrize("value", BAD)
    def test_what_is_none_is_loaded_anew_and_replaced(self, redis: Redis, value: bytes) -> None:
        table = Table()
        profiles = UserProfileCache(redis, table.load)
        profiles.get_many([BEFORE, AFTER])
        redis.set(f"user:{VICTIM}:profile", value)

        for _ in range(2):
            assert set(profiles.get_many([BEFORE, VICTIM, AFTER])) == {BEFORE, VICTIM, AFTER}

        assert table.asked == [BEFORE, AFTER, VICTIM]
        assert repaired(redis, "profile") == 1

    @pytest.mark.parametrize("write", OTHER_TYPES.values(), ids=OTHER_TYPES)
    def test_one_of_another_type_too(self, redis: Redis, write: Write) -> None:
        table = Table()
        write(redis, f"user:{VICTIM}:profile")

        for _ in range(2):
            profile = UserProfileCache(redis, table.load).get(VICTIM)
            assert profile is not None
            assert profile["name"] == "ann"

        assert repaired(redis, "profile") == 1

    @pytest.mark.parametrize("write", OTHER_TYPES.values(), ids=OTHER_TYPES)
    def test_a_right_to_load_that_would_never_end_does(self, redis: Redis, write: Write) -> None:
        write(redis, f"user:{VICTIM}:profile:loading")

        assert UserProfileCache(redis, Table().load).get(VICTIM)

        assert 0 <= redis.ttl(f"user:{VICTIM}:profile:loading") <= 2  # type: ignore[operator]


class TestCounters:
    @pytest.mark.parametrize("value", ["junk", "", "1.5", "-1", "9" * 30, b"\xff"])
    def test_one_that_is_no_number_begins_again(self, redis: Redis, value: str | bytes) -> None:
        redis.hset("counters", "repaired_keys:history", value)
        redis.hset("counters", "repaired_keys:unread", 3)

        assert [repaired(redis, kind) for kind in ("history", "unread")] == [0, 3]
        counters.Counters(redis).add("repaired_keys", "history")

        assert [repaired(redis, kind) for kind in ("history", "unread", "counters")] == [1, 3, 1]

    @pytest.mark.parametrize("write", [write for name, write in HISTORIES.items() if name != "a hash"])
    def test_a_key_of_another_type_begins_again(self, redis: Redis, history: History, write: Write) -> None:
        write(redis, "counters")
        redis.set(KEY, "junk")
        append(history, VICTIM)

        assert repaired(redis, "history") == 0
        assert repaired(redis, "counters") == 1


class TestPresence:
    @pytest.mark.parametrize("write", OTHER_TYPES.values(), ids=OTHER_TYPES)
    def test_a_key_that_no_server_keeps_says_nothing(self, redis: Redis, write: Write) -> None:
        write(redis, key_of(VICTIM))
        assert not is_online(redis, VICTIM)


def _dispatch(redis: Redis, history: History) -> list[tuple[str, str]]:
    assert {BEFORE, AFTER} <= set(UserProfileCache(redis, Table().load).get_many([BEFORE, VICTIM, AFTER]))
    appended = append(history, BEFORE, VICTIM, AFTER)
    assert len(UnreadCache(redis).set({BEFORE: 1, VICTIM: 1, AFTER: 1}, read_at=moment())) == 3
    return places(appended)


def _connect(redis: Redis, history: History) -> list[Gap]:
    UnreadCache(redis).get_many([BEFORE, VICTIM, AFTER])
    return history.read_many([(user_id, EMPTY) for user_id in (BEFORE, VICTIM, AFTER)])


@pytest.mark.parametrize("is_dispatch_first", [True, False])
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    written=st.dictionaries(
        st.sampled_from(["history", "unread", "profile", "profile:loading", "online"]), junk(), min_size=1
    )
)
def test_whatever_stands_in_the_keys_of_one_others_notice_nothing(
    redis: Redis, is_dispatch_first: bool, written: dict[str, Write]
) -> None:
    empty(redis)
    history = History(redis, length=1000, seconds=3600)
    for name, write in written.items():
        write(redis, f"user:{VICTIM}:{name}")

    if not is_dispatch_first:
        assert all(gap.is_covered for gap in _connect(redis, history)[::2])
    pushed = _dispatch(redis, history)
    gaps = _connect(redis, history)

    assert [(gap.is_covered, numbers(gap)) for gap in gaps[::2]] == [(True, [1]), (True, [1])]
    assert pushed[1][1].count("-") == 1
    if gaps[1].is_covered:
        assert numbers(gaps[1]) == [1]
    assert UnreadCache(redis).get_many([BEFORE, VICTIM, AFTER]) == [1, 1, 1]


class TestFarTooLong:
    """More entries than are ever kept would hold up Redis, and all who are read for together, while they are read."""

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
    def test_whoever_appends_begins_it_anew(self, redis: Redis, history: History) -> None:
        appended = append(history, BEFORE, VICTIM, AFTER)

        assert redis.xlen(KEY) == 2
        assert len(appended.pushes) == 3
        assert not history.read_after(VICTIM, EMPTY).is_covered
        assert [numbers(history.read_after(user_id, EMPTY)) for user_id in (BEFORE, AFTER)] == [[1], [1]]
        assert repaired(redis, "history") == 1

    def test_whoever_reads_it_reads_no_more_than_could_be_sound(
        self, redis: Redis, history: History, written: list[str]
    ) -> None:
        append(history, BEFORE)
        first, last = written
        newest, whole = history.read_many([(VICTIM, last), (VICTIM, first)])

        assert (newest.is_covered, whole.is_covered) == (True, False)
        assert redis.xlen(KEY) == 1
        assert numbers(history.read_after(BEFORE, EMPTY)) == [1]
