"""Redis is told who came and who left, of all together, and never that somebody left who still has a socket here."""

from typing import Any

from redis.exceptions import ConnectionError as Disconnected

from app.presence import GRACE_SECONDS, TTL_SECONDS, key_of
from im.presence import Presence
from tests.unit.im.fakes import settle


class FakeRedis:
    def __init__(self) -> None:
        self.ttls: dict[str, int] = {}
        self.calls = 0
        self.is_away = False
        self.error: Exception | None = None

    def register_script(self, _script: str) -> Any:
        return self._run

    def _run(self, *, keys: list[str], args: list[int]) -> None:
        self.calls += 1
        if self.is_away:
            raise Disconnected("away")
        if self.error:
            raise self.error
        self.ttls |= dict.fromkeys(keys, args[0])


def test_who_comes_is_online_and_who_leaves_is_not_for_long() -> None:
    redis = FakeRedis()
    presence = Presence(redis)  # type: ignore[arg-type]
    for user_id in range(100):
        presence.came(user_id)
    settle()
    assert redis.ttls == {key_of(user_id): TTL_SECONDS for user_id in range(100)}

    for user_id in range(100):
        presence.left(user_id)
    settle()

    assert redis.ttls == {key_of(user_id): GRACE_SECONDS for user_id in range(100)}
    assert redis.calls == 2


def test_who_has_another_socket_stays_online() -> None:
    redis = FakeRedis()
    presence = Presence(redis)  # type: ignore[arg-type]
    presence.came(1)
    presence.came(1)
    presence.left(1)
    settle()
    assert redis.ttls == {key_of(1): TTL_SECONDS}


def test_who_left_and_came_back_at_once_stays_online() -> None:
    redis = FakeRedis()
    presence = Presence(redis)  # type: ignore[arg-type]
    presence.came(1)
    presence.left(1)
    presence.came(1)
    settle()
    assert redis.ttls == {key_of(1): TTL_SECONDS}


def test_a_redis_that_is_away_is_told_again_of_the_next() -> None:
    redis = FakeRedis()
    presence = Presence(redis)  # type: ignore[arg-type]
    redis.is_away = True
    presence.came(1)
    settle()
    redis.is_away = False
    presence.came(2)
    settle()
    assert redis.ttls == {key_of(2): TTL_SECONDS}


def test_an_error_that_was_not_expected_does_not_end_the_telling() -> None:
    redis = FakeRedis()
    presence = Presence(redis)  # type: ignore[arg-type]
    redis.error = AttributeError("unexpected")
    presence.came(1)
    settle()
    redis.error = None
    presence.came(2)
    settle()
    assert redis.ttls == {key_of(2): TTL_SECONDS}
