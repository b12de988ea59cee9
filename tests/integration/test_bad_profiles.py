"""A bad cached profile is loaded again, and affects no other user."""

import pytest
from redis import Redis

from core.profiles import UserProfileCache
from tests.integration.bad_keys import AFTER, BEFORE, VICTIM, Table, repaired
from tests.junk import OTHER_TYPES, Write


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
    def test_invalid_profile_is_loaded_again_and_replaced(self, redis: Redis, value: bytes) -> None:
        table = Table()
        profiles = UserProfileCache(redis, table.load)
        profiles.get_many([BEFORE, AFTER])
        redis.set(f"user:{VICTIM}:profile", value)

        for _ in range(2):
            assert set(profiles.get_many([BEFORE, VICTIM, AFTER])) == {BEFORE, VICTIM, AFTER}

        assert table.asked == [BEFORE, AFTER, VICTIM]
        assert repaired(redis, "profile") == 1

    @pytest.mark.parametrize("write", OTHER_TYPES.values(), ids=OTHER_TYPES)
    def test_key_of_another_type_is_replaced(self, redis: Redis, write: Write) -> None:
        table = Table()
        write(redis, f"user:{VICTIM}:profile")

        for _ in range(2):
            profile = UserProfileCache(redis, table.load).get(VICTIM)
            assert profile is not None
            assert profile["name"] == "ann"

        assert repaired(redis, "profile") == 1

    @pytest.mark.parametrize("write", OTHER_TYPES.values(), ids=OTHER_TYPES)
    def test_loading_lock_without_an_expiry_expires(self, redis: Redis, write: Write) -> None:
        write(redis, f"user:{VICTIM}:profile:loading")

        assert UserProfileCache(redis, Table().load).get(VICTIM)

        assert 0 <= redis.ttl(f"user:{VICTIM}:profile:loading") <= 2  # type: ignore[operator]
