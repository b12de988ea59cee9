"""A batch of the dispatch task on both databases and a real Valkey, with crashes and rows that can't be built."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import OutOfMemoryError, ResponseError
from sqlalchemy import text

from core import outbox
from core.history import EMPTY, History
from core.unread import UnreadCache
from tasks.emitter import NoEmitter, PushFailed
from tests.integration.story import Story
from tests.rows import write_notification


class Failing:
    """An object of which one method fails before or after its work, a given number of times."""

    def __init__(self, inner: Any, name: str, error: Exception, *, is_after: bool) -> None:
        self.failures = 1
        self._inner, self._name, self._error, self._is_after = inner, name, error, is_after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        return self._fail(method) if name == self._name and self.failures else method

    def _fail(self, method: Callable[..., object]) -> Callable[..., object]:
        def fail(*args: object, **options: object) -> object:
            self.failures -= 1
            if self._is_after:
                method(*args, **options)
            raise self._error

        return fail


class TestPushBatch:
    def test_notification_is_appended_and_pushed_with_its_actors_profile(
        self, push_batch: Callable[..., Any], story: Story
    ) -> None:
        assert len(push_batch(story.resources(), limit=100)) == len(story.others)

        told = story.replayed()
        assert [data["user_id"] for data in told] == story.others
        assert {data["user_name"] for data in told} == {f"user-{n}" for n in range(1, 5)}
        assert set(told[0]) == {"user_id", "user_name", "user_photo", "timestamp", "id", "offset"}
        packets = [push.split(b"\0", 3)[3] for push in story.pushed()]
        assert [json.loads(packet[2:])[1] for packet in packets] == [
            *told,
            {"count": len(told), "unseen_count": len(told)},
        ]
        assert story.parts["unread"].get(story.ann) == len(told)

    def test_batches_take_the_oldest_first_until_the_outbox_is_empty(
        self, push_batch: Callable[..., Any], story: Story
    ) -> None:
        assert [len(push_batch(story.resources(), limit=3)) for _ in range(3)] == [3, 1, 0]

        assert [data["user_id"] for data in story.replayed()] == story.others

    def test_history_that_publishes_needs_no_emitter(self, push_batch: Callable[..., Any], story: Story) -> None:
        history = History(story.redis, length=1000, seconds=3600, channel="socketio")
        unread = UnreadCache(story.redis, channel="socketio")

        push_batch(story.resources(history=history, unread=unread, emitter=NoEmitter()), limit=100)

        assert len(story.replayed()) == len(story.others)

    @pytest.mark.parametrize(
        "failure",
        [
            ("history", "append", Disconnected("away")),
            ("history", "append", OutOfMemoryError("command not allowed when used memory > 'maxmemory'")),
            ("history", "append", SoftTimeLimitExceeded()),
            ("history", "mark_partial", Disconnected("away")),
            ("unread", "set", Disconnected("away")),
            ("emitter", "push", PushFailed("away")),
        ],
    )
    @pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
    def test_failed_batch_leaves_all_waiting_and_its_repeat_adds_nothing(
        self, push_batch: Callable[..., Any], story: Story, failure: tuple[str, str, Exception], is_after: bool
    ) -> None:
        part, method, error = failure
        failing = Failing(story.parts[part], method, error, is_after=is_after)
        with pytest.raises(type(error)):
            push_batch(story.resources(**{part: failing}), limit=100)
        assert story.waiting() == len(story.others)
        assert story.attempts() == {0}
        before = story.replayed()

        push_batch(story.resources(**{part: failing}), limit=100)

        told = story.replayed()
        assert before in ([], told)  # those that were appended keep their offsets
        assert [data["user_id"] for data in told] == story.others
        assert story.waiting() == 0
        pushed = {push.split(b"\0", 3)[3] for push in story.pushed() if b"following" in push}
        assert len(pushed) == len(told)

    def test_lost_history_is_not_covered_after_a_dispatch(self, push_batch: Callable[..., Any], story: Story) -> None:
        push_batch(story.resources(), limit=2)
        story.redis.flushall()

        push_batch(story.resources(), limit=100)

        assert not story.history.read_after(story.ann, EMPTY).is_covered

    def test_row_that_cannot_be_built_is_dead_lettered_and_others_are_pushed(
        self, push_batch: Callable[..., Any], story: Story
    ) -> None:
        with story.database.transaction() as connection:
            write_notification(connection, story.ann, story.others[0], event="an event of the future")

        rounds = 0
        while story.waiting() and rounds < 20:
            push_batch(story.resources(), limit=100)
            assert story.attempts() in ({rounds + 1}, set())
            rounds += 1

        assert 1 < rounds < 20
        assert len(story.replayed()) == len(story.others)
        with story.database.reading() as connection:
            assert outbox.depth(connection)[::2] == (0, 1)


class Refusing:
    """A history that refuses a whole batch because of one entry, as Redis does."""

    def __init__(self, inner: History, refused_id: int) -> None:
        self._inner, self._refused_id = inner, refused_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, entries: Any) -> Any:
        if self._refused_id in [entry.name for entry in entries]:
            raise ResponseError("Error running script")
        return self._inner.append(entries)


# An error of one row fails the statement for all rows, and on PostgreSQL the transaction.
REFUSE = {
    "sqlite": [
        """CREATE TRIGGER refuse BEFORE UPDATE OF dispatched_at ON notifications WHEN NEW.id = %d
           BEGIN SELECT RAISE(ABORT, 'refused'); END"""
    ],
    "postgresql": [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$",
        """CREATE TRIGGER refuse BEFORE UPDATE OF dispatched_at ON notifications FOR EACH ROW WHEN (NEW.id = %d)
           EXECUTE FUNCTION refuse()""",
    ],
}


class TestRowThatFailsItsBatch:
    @pytest.fixture(params=range(4))
    def bad(self, request: pytest.FixtureRequest, story: Story) -> int:
        """The id of any of the story's notifications."""
        with outbox.claim(story.database, limit=100) as batch:
            return int(batch.rows[request.param].id)

    @pytest.fixture(params=["Redis", "database"])
    def resources(self, request: pytest.FixtureRequest, story: Story, bad: int) -> Any:
        """The part that refuses the bad notification."""
        if request.param == "Redis":
            return story.resources(history=Refusing(story.history, bad))
        with story.database.transaction() as connection:
            for statement in REFUSE[story.database.engine.dialect.name]:
                connection.execute(text(statement.replace("%d", str(bad))))
        return story.resources()

    def test_row_is_isolated_and_dead_lettered_after_five_attempts(
        self, push_batch: Callable[..., Any], story: Story, bad: int, resources: Any
    ) -> None:
        outcome = push_batch(resources, limit=100)

        assert outcome.failed == [bad]
        assert len(outcome.pushed) == len(story.others) - 1
        assert (story.waiting(), story.attempts()) == (1, {1})
        for attempts in ({2}, {3}, {4}, set()):
            push_batch(resources, limit=100)
            assert story.attempts() == attempts
        assert story.waiting() == 0
        with story.database.reading() as connection:
            assert outbox.depth(connection)[2] == 1
