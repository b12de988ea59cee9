"""A batch of the dispatch task, on both databases and with a real Valkey: crashes and what can't be built included."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as Disconnected

from app import events
from app.db import Database
from app.history import EMPTY, History
from app.profiles import UserProfileCache
from app.push import PushFailed
from app.services import accounts, followings, inbox, outbox
from app.unread import UnreadCache

NEEDED = {
    "DATABASE_URL": "sqlite:///unused",
    "BROKER_URL": "redis://127.0.0.1:1/0",
    "MESSAGE_QUEUE_URL": "redis://127.0.0.1:1/0",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "JWT_SECRET": "x" * 32,
}


@pytest.fixture(scope="module")
def push_batch() -> Iterator[Callable[..., int]]:
    """The task's work. Its module reads the settings as it is imported; what it works on is given to each call."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in NEEDED.items():
            environment.setenv(name, value)
        from tasks.notifications import push_batch

        yield push_batch


class FakeEmitter:
    """A message queue in a list."""

    def __init__(self) -> None:
        self.pushed: list[bytes] = []

    def push(self, pushes: Any) -> None:
        self.pushed += pushes


class Failing:
    """Something of which one method fails, before or after it did its work, as long as there are failures left."""

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


class Story:
    """Ann is followed by the others; what a dispatch works on."""

    def __init__(self, database: Database, redis: Redis, users: list[int]) -> None:
        def load(user_ids: list[int]) -> Any:
            with database.reading() as connection:
                return accounts.load_profiles(connection, user_ids)

        self.redis, self.database = redis, database
        self.ann, *self.others = users
        self.emitter = FakeEmitter()
        self.history = History(redis, length=1000, seconds=3600)
        self.parts: dict[str, Any] = {
            "database": database,
            "profiles": UserProfileCache(redis, load),
            "history": self.history,
            "unread": UnreadCache(redis),
            "emitter": self.emitter,
        }
        for other in self.others:
            with database.transaction() as connection:
                followings.follow(connection, follower_id=other, target_id=self.ann)

    def resources(self, **changes: object) -> Any:
        from tasks.resources import Resources

        return Resources(**{**self.parts, **changes})

    def replayed(self) -> list[dict[str, Any]]:
        return [json.loads(packet[2:])[1] for _, packet in self.history.read_after(self.ann, EMPTY).packets]

    def waiting(self) -> int:
        with self.database.reading() as connection:
            return outbox.depth(connection)[0]


@pytest.fixture
def story(database: Database, redis: Redis, users: list[int]) -> Story:
    return Story(database, redis, users)


class TestPushBatch:
    def test_each_is_in_the_history_and_pushed_with_its_actors_profile(
        self, push_batch: Callable[..., int], story: Story
    ) -> None:
        assert push_batch(story.resources(), limit=100) == len(story.others)

        told = story.replayed()
        assert [data["user_id"] for data in told] == story.others
        assert {data["user_name"] for data in told} == {f"user-{n}" for n in range(1, 5)}
        assert set(told[0]) == events.FollowingNotify.__required_keys__
        packets = [push.split(b"\0", 3)[3] for push in story.emitter.pushed]
        assert [json.loads(packet[2:])[1] for packet in packets] == [*told, {"count": len(told)}]
        assert story.parts["unread"].get(story.ann) == len(told)

    def test_batches_take_the_oldest_first_until_nothing_is_left(
        self, push_batch: Callable[..., int], story: Story
    ) -> None:
        assert [push_batch(story.resources(), limit=3) for _ in range(3)] == [3, 1, 0]

        assert [data["user_id"] for data in story.replayed()] == story.others

    def test_where_the_history_publishes_no_emitter_is_needed(
        self, push_batch: Callable[..., int], story: Story
    ) -> None:
        history = History(story.redis, length=1000, seconds=3600, channel="socketio")
        unread = UnreadCache(story.redis, channel="socketio")

        push_batch(story.resources(history=history, unread=unread, emitter=None), limit=100)

        assert len(story.replayed()) == len(story.others)

    @pytest.mark.parametrize(
        "failure",
        [
            ("history", "append", Disconnected("away")),
            ("history", "mark_partial", Disconnected("away")),
            ("unread", "set", Disconnected("away")),
            ("emitter", "push", PushFailed("away")),
        ],
    )
    @pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
    def test_a_failure_at_any_step_leaves_all_waiting_and_a_repeat_adds_nothing(
        self, push_batch: Callable[..., int], story: Story, failure: tuple[str, str, Exception], is_after: bool
    ) -> None:
        part, method, error = failure
        failing = Failing(story.parts[part], method, error, is_after=is_after)
        with pytest.raises(type(error)):
            push_batch(story.resources(**{part: failing}), limit=100)
        assert story.waiting() == len(story.others)
        before = story.replayed()

        push_batch(story.resources(**{part: failing}), limit=100)

        told = story.replayed()
        assert before in ([], told)  # those that were appended keep their offsets
        assert [data["user_id"] for data in told] == story.others
        assert story.waiting() == 0
        pushed = {push.split(b"\0", 3)[3] for push in story.emitter.pushed if b"following" in push}
        assert len(pushed) == len(told)

    def test_a_lost_history_is_owned_up_to(self, push_batch: Callable[..., int], story: Story) -> None:
        push_batch(story.resources(), limit=2)
        story.redis.flushall()

        push_batch(story.resources(), limit=100)

        assert not story.history.read_after(story.ann, EMPTY).is_covered

    def test_one_that_can_not_be_built_is_set_aside_and_holds_up_no_other(
        self, push_batch: Callable[..., int], story: Story
    ) -> None:
        with story.database.transaction() as connection:
            inbox.add(connection, "an event of the future", recipient_id=story.ann, actor_id=story.others[0])

        rounds = 0
        while story.waiting() and rounds < 20:
            push_batch(story.resources(), limit=100)
            rounds += 1

        assert 1 < rounds < 20
        assert len(story.replayed()) == len(story.others)
        with story.database.reading() as connection:
            assert outbox.depth(connection)[::2] == (0, 1)
