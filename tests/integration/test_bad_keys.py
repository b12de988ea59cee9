"""Bad counters, presence keys and random data in Redis affect no other user."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from core import counters
from core.history import EMPTY, Gap, History
from core.keys import Keys
from core.presence import is_online
from core.profiles import UserProfileCache
from core.unread import Counts, UnreadCache
from tests.epochs import empty, moment
from tests.integration.bad_keys import AFTER, BEFORE, KEY, VICTIM, Table, append, numbers, places, repaired
from tests.junk import HISTORIES, OTHER_TYPES, Write, junk


class TestCounters:
    @pytest.mark.parametrize("value", ["junk", "", "1.5", "-1", "9" * 30, b"\xff"])
    def test_counter_that_is_no_number_restarts(self, redis: Redis, value: str | bytes) -> None:
        redis.hset("counters", "repaired_keys:history", value)
        redis.hset("counters", "repaired_keys:unread", 3)

        assert [repaired(redis, kind) for kind in ("history", "unread")] == [0, 3]
        counters.Counters(redis).add("repaired_keys", "history")

        assert [repaired(redis, kind) for kind in ("history", "unread", "counters")] == [1, 3, 1]

    @pytest.mark.parametrize("write", [write for name, write in HISTORIES.items() if name != "a hash"])
    def test_counters_of_another_type_restart(self, redis: Redis, history: History, write: Write) -> None:
        write(redis, "counters")
        redis.set(KEY, "junk")
        append(history, VICTIM)

        assert repaired(redis, "history") == 0
        assert repaired(redis, "counters") == 1


class TestPresence:
    @pytest.mark.parametrize("write", OTHER_TYPES.values(), ids=OTHER_TYPES)
    def test_presence_key_without_an_expiry_is_ignored(self, redis: Redis, write: Write) -> None:
        write(redis, Keys().online(VICTIM))
        assert not is_online(redis, VICTIM)


def _dispatch(redis: Redis, history: History) -> list[tuple[str, str]]:
    assert {BEFORE, AFTER} <= set(UserProfileCache(redis, Table().load).get_many([BEFORE, VICTIM, AFTER]))
    appended = append(history, BEFORE, VICTIM, AFTER)
    assert (
        len(UnreadCache(redis).set({BEFORE: Counts(1, 1), VICTIM: Counts(1, 1), AFTER: Counts(1, 1)}, read_at=moment()))
        == 3
    )
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
def test_random_bytes_in_the_keys_of_one_user_do_not_affect_others(
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
