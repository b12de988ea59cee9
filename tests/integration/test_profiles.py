"""The profile cache, on a real Valkey and with a loader that counts its calls."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from redis import Redis

from core.cache import connect
from core.profiles import NEGATIVE_TTL_SECONDS, TTL_SECONDS, Profile, UserProfileCache
from dev.ports import find_free
from tests.services import Service, wait_until


class Table:
    """A fake database: every user with an id below 1000 exists."""

    def __init__(self) -> None:
        self.name = "ann"
        self.loads: list[list[int]] = []

    def load(self, user_ids: list[str]) -> dict[str, Profile]:
        self.loads.append(list(user_ids))
        return {n: Profile(id=n, name=self.name, photo=None, introduction=None) for n in user_ids if int(n) < 1000}


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def profiles(redis: Redis, table: Table) -> UserProfileCache:
    return UserProfileCache(redis, table.load)


class TestGet:
    def test_profile_is_loaded_once_and_cached_as_json(
        self, redis: Redis, profiles: UserProfileCache, table: Table
    ) -> None:
        assert profiles.get("7") == profiles.get("7")

        assert table.loads == [["7"]]
        assert orjson.loads(redis.get("user:7:profile")) == {**profiles.get("7"), "id": 7}  # type: ignore[arg-type]

    def test_unknown_user_is_cached_for_a_short_time(
        self, redis: Redis, profiles: UserProfileCache, table: Table
    ) -> None:
        assert profiles.get("5000") is None
        assert profiles.get("5000") is None

        assert table.loads == [["5000"]]
        assert 0 < redis.ttl("user:5000:profile") <= 2 * NEGATIVE_TTL_SECONDS  # type: ignore[operator]

    def test_entries_made_together_expire_at_different_times(self, redis: Redis, profiles: UserProfileCache) -> None:
        profiles.get_many(map(str, range(1, 100)))

        ends = {redis.ttl(f"user:{user_id}:profile") for user_id in range(1, 100)}

        assert len(ends) > 10
        assert all(TTL_SECONDS / 2 < end < TTL_SECONDS * 2 for end in ends)  # type: ignore[operator]

    def test_cached_profiles_cost_one_round_trip(self, redis: Redis, profiles: UserProfileCache, table: Table) -> None:
        profiles.get_many(map(str, range(1, 200)))
        redis.config_resetstat()

        assert len(profiles.get_many(map(str, range(1, 200)))) == 199

        commands = {name: told["calls"] for name, told in redis.info("commandstats").items()}  # type: ignore[union-attr]
        assert {name: n for name, n in commands.items() if "config" not in name} == {"cmdstat_mget": 1}
        assert len(table.loads) == 1

    def test_one_caller_loads_while_others_wait(self, redis: Redis, table: Table) -> None:
        callers = 30
        start = threading.Barrier(callers)
        profiles = UserProfileCache(redis, table.load)

        def get(_: int) -> Profile | None:
            start.wait(30)
            return profiles.get("7")

        with ThreadPoolExecutor(callers) as pool:
            found = list(pool.map(get, range(callers)))

        assert {profile["name"] for profile in found if profile} == {"ann"}
        # Usually one. On a busy machine the loader may take longer than the others wait.
        assert len(table.loads) <= callers // 3

    def test_caller_does_not_wait_for_a_loader_that_died(self, redis: Redis, profiles: UserProfileCache) -> None:
        redis.set("user:7:profile:loading", "somebody who will never store", ex=600)

        assert profiles.get("7") is not None


class TestForget:
    def test_next_read_sees_the_change(self, profiles: UserProfileCache, table: Table) -> None:
        profiles.get("7")
        table.name = "zoe"

        profiles.forget("7")

        assert profiles.get("7")["name"] == "zoe"  # type: ignore[index]

    def test_forget_discards_what_a_loader_read_before_the_change(self, redis: Redis, table: Table) -> None:
        def load_slowly(user_ids: list[str]) -> dict[str, Profile]:
            before = table.load(user_ids)
            table.name = "zoe"
            UserProfileCache(redis, table.load).forget("7")
            return before

        UserProfileCache(redis, load_slowly).get("7")

        assert UserProfileCache(redis, table.load).get("7")["name"] == "zoe"  # type: ignore[index]

    def test_change_during_a_cache_outage_is_seen_afterwards(
        self, cache: Service, profiles: UserProfileCache, table: Table
    ) -> None:
        profiles.get("7")
        cache.stop()
        table.name = "zoe"

        profiles.forget("7")
        cache.start()

        with connect(cache.url, timeout_seconds=1) as redis:
            workers = UserProfileCache(redis, table.load)
            wait_until(lambda: workers.get("7")["name"] == "zoe", seconds=20, what="the change is seen")  # type: ignore[index]


class TestWithoutRedis:
    @pytest.fixture
    def lonely(self, table: Table) -> Iterator[UserProfileCache]:
        with connect(f"redis://127.0.0.1:{find_free()}/0", timeout_seconds=1) as redis:
            yield UserProfileCache(redis, table.load)

    def test_profiles_are_read_from_the_database(self, lonely: UserProfileCache) -> None:
        assert set(lonely.get_many(["1", "2", "5000"])) == {"1", "2"}

    def test_forget_raises_nothing(self, lonely: UserProfileCache) -> None:
        lonely.forget("7")
