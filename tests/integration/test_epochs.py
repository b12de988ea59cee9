"""Older data of Redis or of the database is never mistaken for complete data."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select, update

from core import dispatch_state
from core.epochs import Epochs, Unverified, is_unverified
from core.history import EMPTY, Entry, Gap, History
from core.keys import Keys
from core.models import DispatchState
from core.unread import UNKNOWN, Counts, Remembered, UnreadCache
from tests.epochs import moment
from tests.integration.story import Story
from tests.junk import HISTORIES, Write

USER = "7"
KEY = Keys().epoch


def start_elsewhere(redis: Redis) -> None:
    """Make the data appear to be of another server, as after a restart or a promotion."""
    redis.hset(KEY, "server", "another")


def restore(redis: Redis, story: Story, dispatch: Callable[[], object]) -> None:
    """Dispatch, and then restore the earlier data of Redis."""
    keys = {key: redis.dump(key) for key in redis.scan_iter()}
    dispatch()
    redis.flushall()
    for key, value in keys.items():
        redis.restore(key, 0, value)  # type: ignore[arg-type]
    start_elsewhere(redis)


def epoch(redis: Redis) -> int:
    return int(redis.hget(KEY, "epoch") or 0)  # type: ignore[arg-type]


def append(redis: Redis, number: int = 1) -> str:
    """Append to the history of a user; return the offset."""
    entry = Entry.encode(number, USER, "following notify", {"id": number}, int(time.time()))
    [push] = History(redis, length=1000, seconds=3600).append([entry]).pushes
    return push.split(b"\0", 3)[2].decode()


class TestVerification:
    def test_complete_data_keeps_its_epoch(self, push_batch: Callable[..., Any], story: Story, redis: Redis) -> None:
        push_batch(story.resources(), limit=2)
        told, before = story.replayed(), epoch(redis)
        start_elsewhere(redis)
        assert story.history.read_after(story.ann, EMPTY) is None

        push_batch(story.resources(), limit=2)

        assert epoch(redis) == before
        assert story.replayed()[:2] == told
        assert len(story.replayed()) == 4

    def test_older_data_ends_the_epoch(self, push_batch: Callable[..., Any], story: Story, redis: Redis) -> None:
        push_batch(story.resources(), limit=1)
        known, before = story.history.newest(story.ann), epoch(redis)
        restore(redis, story, lambda: push_batch(story.resources(), limit=1))

        push_batch(story.resources(), limit=1)

        assert epoch(redis) != before
        for offset in (known, EMPTY):
            gap = story.history.read_after(story.ann, offset)
            assert gap is not None
            assert not gap.is_covered

    def test_interrupted_batch_is_dispatched_again(
        self, push_batch: Callable[..., Any], story: Story, redis: Redis
    ) -> None:
        class Overtaken:
            """A history whose Redis moves after the first append, and is verified by another worker."""

            is_first = True

            def __getattr__(self, name: str) -> Any:
                return getattr(story.history, name)

            def append(self, entries: Any) -> Any:
                appended = story.history.append(entries)
                if self.is_first:
                    self.is_first = False
                    start_elsewhere(redis)
                    appended = appended.__class__(appended.pushes, appended.begun, _of_another_server(appended.tick))
                return appended

        outcome = push_batch(story.resources(history=Overtaken()), limit=100)

        assert len(outcome.pushed) == len(story.others)
        assert len(story.replayed()) == len(story.others)
        assert story.waiting() == 0

    def test_database_that_lost_commits_ends_the_epoch(
        self, push_batch: Callable[..., Any], story: Story, redis: Redis
    ) -> None:
        push_batch(story.resources(), limit=2)
        before = epoch(redis)
        with story.database.transaction() as connection:
            dispatch_state.check(connection, story.parts["epochs"])
            connection.execute(update(DispatchState).values(sequence=0))
        with story.database.reading() as connection, pytest.raises(Exception, match="UNVERIFIED") as refused:
            dispatch_state.check(connection, story.parts["epochs"])
        assert is_unverified(refused.value)

        push_batch(story.resources(), limit=2)

        assert epoch(redis) != before
        assert story.waiting() == 0

    def test_verification_without_waiting_leaves_it_to_the_lock_holder(self, postgres: Any, redis: Redis) -> None:
        epochs = Epochs(redis)
        with postgres.transaction() as connection:
            dispatch_state.establish(connection, epochs)
        with postgres.transaction() as holder:
            dispatch_state.establish(holder, epochs)
            start_elsewhere(redis)
            with postgres.transaction() as other:
                dispatch_state.establish(other, epochs, is_patient=False)
        assert redis.hget(KEY, "server") == b"another"

    def test_epoch_and_server_are_stored_in_the_database(self, story: Story, redis: Redis) -> None:
        with story.database.reading() as connection:
            row = connection.execute(select(DispatchState.epoch, DispatchState.server)).one()
        assert tuple(row) == (epoch(redis), (redis.hget(KEY, "server") or b"").decode())  # type: ignore[union-attr]

    @pytest.mark.parametrize("write", HISTORIES.values(), ids=HISTORIES)
    def test_key_of_another_type_begins_a_new_epoch(
        self, push_batch: Callable[..., Any], story: Story, redis: Redis, write: Write
    ) -> None:
        redis.delete(KEY)
        write(redis, KEY)

        assert len(push_batch(story.resources(), limit=100)) == len(story.others)

    @pytest.mark.parametrize("field", ["epoch", "server", "sequence", "committed"])
    def test_invalid_field_begins_a_new_epoch(
        self, push_batch: Callable[..., Any], story: Story, redis: Redis, field: str
    ) -> None:
        redis.hset(KEY, field, "junk")

        assert len(push_batch(story.resources(), limit=100)) == len(story.others)


def _of_another_server(tick: Any) -> Any:
    return tick.__class__(tick.at.__class__(tick.at.epoch, "that server"), tick.sequence, tick.committed)


class TestUnverified:
    @pytest.fixture(autouse=True)
    def elsewhere(self, redis: Redis) -> None:
        self.offset = append(redis)
        UnreadCache(redis).set({USER: Counts(3, 3)}, read_at=moment())
        start_elsewhere(redis)

    def test_unverified_redis_refuses_appends_and_counts(self, redis: Redis) -> None:
        for write in (lambda: append(redis, 2), lambda: UnreadCache(redis).set({USER: Counts(4, 4)}, read_at=moment())):
            with pytest.raises(Exception, match="UNVERIFIED") as refused:
                write()
            assert is_unverified(refused.value)

    def test_unverified_redis_returns_only_the_newest_offset(self, redis: Redis) -> None:
        history = History(redis, length=1000, seconds=3600)

        gaps = history.read_many([(USER, self.offset), (USER, EMPTY), (USER, "no offset"), (USER, None)])

        assert gaps == [None, None, None, Gap(is_covered=True, packets=[], newest=self.offset)]
        assert UnreadCache(redis).read_many([USER]) == [UNKNOWN]

    def test_unverified_counts_as_unavailable(self) -> None:
        assert is_unverified(Unverified("x"))
        assert not is_unverified(ValueError("UNVERIFIED x"))


class TestOtherEpoch:
    @pytest.fixture(autouse=True)
    def begun(self, redis: Redis) -> None:
        self.offset = append(redis)
        self.history = History(redis, length=1000, seconds=3600)
        UnreadCache(redis).set({USER: Counts(3, 3)}, read_at=moment())
        Epochs(redis).establish()

    @pytest.mark.parametrize("last_offset", ["own", EMPTY, None])
    def test_history_is_replaced_and_the_client_gets_a_new_offset(self, last_offset: str | None) -> None:
        gap = self.history.read_after(USER, self.offset if last_offset == "own" else last_offset)

        assert gap is not None
        assert (gap.is_covered, gap.packets) == (last_offset is None, [])
        assert gap.newest not in (EMPTY, self.offset)
        assert self.history.read_after(USER, gap.newest) == Gap(is_covered=True, packets=[], newest=gap.newest)

    def test_append_begins_a_new_history(self, redis: Redis) -> None:
        offset = append(redis, 2)

        gaps = self.history.read_many([(USER, self.offset), (USER, EMPTY), (USER, offset)])

        assert [gap and gap.is_covered for gap in gaps] == [False, False, True]

    def test_unread_count_is_unknown_until_counted_again(self, redis: Redis) -> None:
        unread = UnreadCache(redis)
        assert unread.read_many([USER]) == [UNKNOWN]

        unread.set({USER: Counts(5, 5)}, read_at=moment(), create_missing=False)
        assert unread.read_many([USER]) == [UNKNOWN]  # nothing says yet that there was a history

        self.history.read_after(USER, None)
        unread.set({USER: Counts(5, 5)}, read_at=moment(), create_missing=False)
        assert unread.read_many([USER]) == [Remembered(5, is_any=True)]


def test_count_of_another_server_is_remembered_and_not_returned(redis: Redis) -> None:
    unread = UnreadCache(redis)
    unread.set({USER: Counts(3, 3)}, read_at=moment())
    key = f"user:{USER}:unread"
    moment_and_epoch, _, _ = (redis.get(key) or b"").decode().rpartition("@")  # type: ignore[union-attr]
    redis.set(key, f"{moment_and_epoch}@another:3")

    assert unread.read_many([USER]) == [Remembered(None, is_any=True)]
    unread.set({USER: Counts(4, 4)}, read_at=moment(), create_missing=False)

    assert unread.read_many([USER]) == [Remembered(4, is_any=True)]
