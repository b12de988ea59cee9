"""Presence is written for many users at once, and a user with an open socket is never written as disconnected."""

from typing import Any

import pytest
from redis.exceptions import ConnectionError as Disconnected

from core.keys import Keys
from core.presence import GRACE_SECONDS, TTL_SECONDS
from im.delivery import presence_scripts
from im.delivery.presence import Presence
from tests.unit.im.fakes import settle


class FakeRedis:
    """Understands the script that writes."""

    def __init__(self) -> None:
        self.ttls: dict[str, int] = {}
        self.lists: dict[str, set[str]] = {}  # the ids of sockets
        self.calls = 0
        self.is_unavailable = False
        self.error: Exception | None = None

    def register_script(self, script: str) -> Any:
        return self._write if script == presence_scripts.WRITE else None

    def _write(self, *, keys: list[str], args: list[Any]) -> None:
        self.calls += 1
        if self.is_unavailable:
            raise Disconnected("unavailable")
        if self.error:
            raise self.error
        present, gone = args[3:5]
        self.ttls |= dict.fromkeys(keys[1 : 1 + present], args[0])
        self.ttls |= dict.fromkeys(keys[1 + present : 1 + present + gone], args[1])
        for key, sid, session in zip(keys[1 + present + gone :], args[5::2], args[6::2], strict=True):
            listed = self.lists.setdefault(key, set())
            if not sid:
                listed.clear()
            elif session:
                listed.add(sid)
            else:
                listed.discard(sid)


@pytest.fixture
def redis() -> FakeRedis:
    return FakeRedis()


@pytest.fixture
def presence(redis: FakeRedis) -> Presence:
    return Presence(redis, server="a:1/x", describe=lambda _user_id: [])  # type: ignore[arg-type]


def test_connected_users_are_online_and_disconnected_users_only_for_a_short_time(
    redis: FakeRedis, presence: Presence
) -> None:
    for user_id in map(str, range(100)):
        presence.connected(user_id, user_id, b"x")
    settle()
    assert redis.ttls == {Keys().online(user_id): TTL_SECONDS for user_id in map(str, range(100))}

    for user_id in map(str, range(100)):
        presence.disconnected(user_id, user_id)
    settle()

    assert redis.ttls == {Keys().online(user_id): GRACE_SECONDS for user_id in map(str, range(100))}
    assert redis.calls == 2


def test_user_with_another_socket_stays_online(redis: FakeRedis, presence: Presence) -> None:
    presence.connected("1", "a", b"x")
    presence.connected("1", "b", b"x")
    presence.disconnected("1", "a")
    settle()
    assert redis.ttls == {Keys().online("1"): TTL_SECONDS}


def test_user_who_reconnects_at_once_stays_online(redis: FakeRedis, presence: Presence) -> None:
    presence.connected("1", "a", b"x")
    presence.disconnected("1", "a")
    presence.connected("1", "b", b"x")
    settle()
    assert redis.ttls == {Keys().online("1"): TTL_SECONDS}


def test_presence_is_written_again_after_redis_was_unavailable(redis: FakeRedis, presence: Presence) -> None:
    redis.is_unavailable = True
    presence.connected("1", "a", b"x")
    settle()
    redis.is_unavailable = False
    presence.connected("2", "b", b"x")
    settle()
    assert redis.ttls == {Keys().online("2"): TTL_SECONDS}


def test_presence_is_written_again_after_an_unexpected_error(redis: FakeRedis, presence: Presence) -> None:
    redis.error = AttributeError("unexpected")
    presence.connected("1", "a", b"x")
    settle()
    redis.error = None
    presence.connected("2", "b", b"x")
    settle()
    assert redis.ttls == {Keys().online("2"): TTL_SECONDS}


def test_socket_that_closed_while_redis_was_unavailable_is_not_listed_when_its_user_comes_back(
    redis: FakeRedis, presence: Presence
) -> None:
    presence.connected("1", "a", b"x")
    settle()
    redis.is_unavailable = True
    presence.disconnected("1", "a")
    settle()
    redis.is_unavailable = False

    presence.connected("1", "b", b"x")
    settle()

    assert redis.lists == {Keys().sessions("1", "a:1/x"): {"b"}}


def test_user_who_is_gone_takes_no_memory_after_an_error(redis: FakeRedis, presence: Presence) -> None:
    redis.is_unavailable = True
    presence.connected("1", "a", b"x")
    settle()
    assert presence._unlisted == {"1"}

    presence.disconnected("1", "a")
    settle()

    assert not presence._unlisted
