"""The users of another app have UUIDs, and are in no table of ours."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from app.events import FollowingNotify
from core import dispatch_state, inbox, inbox_counts, inbox_marks, revocations, wire
from core.counters import Counters
from core.db import Database
from core.epochs import Epochs
from core.history import EMPTY, History
from core.inbox_marks import Change
from core.profiles import Profile, UserProfileCache
from core.revocation_stream import Closing, RevocationStream
from core.unread import Counts, UnreadCache
from core.wire import Audience
from tests.integration.story import FakeEmitter

ANN, BOB = "7c0e4f2a-9d55-4a0e-8a3c-2f6f1f0f9d11", "auth0|5f:1%20/Zoë"


class Host:
    """Bob has done something that concerns Ann."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self.database, self.emitter = database, FakeEmitter()
        self.history = History(redis, length=100, seconds=3600)
        self.unread = UnreadCache(redis)
        self.parts: dict[str, Any] = {
            "database": database,
            "profiles": UserProfileCache(redis, _load),
            "epochs": Epochs(redis),
            "history": self.history,
            "unread": self.unread,
            "counters": Counters(redis),
            "knows": None,
            "emitter": self.emitter,
        }
        with database.transaction() as connection:
            dispatch_state.establish(connection, self.parts["epochs"])
            inbox.add(connection, FollowingNotify(), recipient_id=ANN, actor_id=BOB)
            inbox.add(connection, FollowingNotify(), recipient_id=ANN, actor_id=None)


def _load(user_ids: list[str]) -> dict[str, Profile]:
    return {user_id: Profile(id=user_id, name="Bob", photo=None, introduction=None) for user_id in user_ids}


@pytest.fixture
def host(database: Database, redis: Redis, push_batch: Callable[..., Any]) -> Host:
    from tasks.resources import Resources

    host = Host(database, redis)
    push_batch(Resources(**host.parts), limit=10)
    return host


def test_push_and_replay_name_the_users_as_their_app_does(host: Host) -> None:
    packets = [packet for _, packet in host.history.read_after(ANN, EMPTY).packets]
    told = [json.loads(packet[2:])[1] for packet in packets if wire.audience(packet) is not Audience.GROUPS]

    assert [(one["user_id"], one["user_name"]) for one in told] == [(BOB, "Bob"), (None, "")]
    assert {push.partition(b"\0")[0] for push in host.emitter.pushed} == {b"P" + ANN.encode()}


def test_cached_profile_is_found_again(host: Host) -> None:
    assert host.parts["profiles"].get(BOB) == _load([BOB])[BOB]


def test_inbox_and_unread_count_are_those_of_the_user(host: Host) -> None:
    assert host.unread.get(ANN) == 2
    with host.database.transaction() as connection:
        rows = inbox.page(connection, ANN, limit=10, before=None)
        assert [row.actor_id for row in rows] == [None, BOB]
        assert inbox_counts.count_many(connection, [ANN, BOB]) == {ANN: Counts(2, 2), BOB: Counts()}
        assert inbox_marks.mark(connection, ANN, [rows[0].id], Change(read=True))
        assert inbox_counts.count(connection, ANN) == Counts(1, 1)


def test_revocations_reach_the_stream(host: Host, redis: Redis) -> None:
    with host.database.transaction() as connection:
        revoked = revocations.revoke_user(connection, BOB)
        assert revocations.of_user(connection, BOB) == [revoked]
    stream = RevocationStream(redis)

    stream.append([revoked, Closing(BOB, "sid")])

    assert stream.read().entries == [revoked, Closing(BOB, "sid")]
