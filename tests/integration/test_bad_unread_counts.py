"""A bad unread count is unknown until it is replaced, and affects no other user."""

import pytest
from redis import Redis

from core.unread import Counts, UnreadCache
from tests.epochs import moment
from tests.integration.bad_keys import AFTER, BEFORE, VICTIM, repaired
from tests.junk import OTHER_TYPES, Write


class TestUnread:
    @pytest.mark.parametrize(
        "value",
        [b"", b"junk", b":", b"5", b"1:", b":1", b"1:x", b"-1:1", b"1:1:1", b"1:1\n", b"\xff:1", b"9" * 30 + b":1"],
    )
    def test_invalid_count_is_unknown_and_then_replaced(self, redis: Redis, value: bytes) -> None:
        unread = UnreadCache(redis)
        unread.set({BEFORE: Counts(1, 1), AFTER: Counts(2, 2)}, read_at=moment())
        redis.set(f"user:{VICTIM}:unread", value)

        assert unread.get_many([BEFORE, VICTIM, AFTER]) == [1, None, 2]

        redis.set(f"user:{VICTIM}:unread", value)
        assert len(unread.set({BEFORE: Counts(3, 3), VICTIM: Counts(4, 4), AFTER: Counts(5, 5)}, read_at=moment())) == 3
        assert unread.get_many([BEFORE, VICTIM, AFTER]) == [3, 4, 5]
        assert repaired(redis, "unread") == 2

    @pytest.mark.parametrize("write", OTHER_TYPES.values(), ids=OTHER_TYPES)
    def test_key_of_another_type_is_replaced(self, redis: Redis, write: Write) -> None:
        unread = UnreadCache(redis)
        unread.set({BEFORE: Counts(1, 1)}, read_at=moment())
        write(redis, f"user:{VICTIM}:unread")

        assert unread.get_many([BEFORE, VICTIM]) == [1, None]
        unread.set({BEFORE: Counts(3, 3), VICTIM: Counts(4, 4)}, read_at=moment())

        assert unread.get_many([BEFORE, VICTIM]) == [3, 4]
        assert repaired(redis, "unread") == 1

    def test_count_that_redis_lost_stays_unknown(self, redis: Redis) -> None:
        redis.set(f"user:{VICTIM}:unread", "junk")

        UnreadCache(redis).set({VICTIM: Counts(4, 4)}, read_at=moment(), create_missing=False)

        assert redis.get(f"user:{VICTIM}:unread") is None

    def test_count_of_a_future_clock_is_replaced(self, redis: Redis) -> None:
        unread = UnreadCache(redis)
        unread.set({VICTIM: Counts(4, 4)}, read_at=moment() + 3600 * 1_000_000)

        unread.set({VICTIM: Counts(5, 5)}, read_at=moment())

        assert unread.get(VICTIM) == 5
