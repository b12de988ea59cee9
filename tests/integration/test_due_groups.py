"""When groups are told that are due: by one of many dispatchers, after a crash, and not too often."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import update

from core import groups, outbox
from core.declarations import Event
from core.models import Notification
from core.wire import Audience
from tests.integration.grouped import due_groups, follow, let_time_pass, rows, tell_due, told
from tests.integration.story import Story

pytestmark = pytest.mark.usefixtures("push_batch")


class TestTwoDispatchers:
    def test_they_find_one_group(self, push_batch: Callable[..., Any], story: Story) -> None:
        for n in range(60):
            follow(story, str(5000 + n))

        def run(_: int) -> None:
            while push_batch(story.resources(), limit=8):
                pass

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run, range(2)))
        while push_batch(story.resources(), limit=100):
            pass
        let_time_pass(story)
        tell_due(story)

        assert len({row.group_id for row in rows(story)}) == 1
        assert told(story)[-1]["count"] == 64
        assert len(told(story)) == 2  # the first at once, and all others later

    def test_due_group_is_told_by_one(self, push_batch: Callable[..., Any], story: Story) -> None:
        push_batch(story.resources(), limit=2)
        push_batch(story.resources(), limit=100)
        let_time_pass(story)

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(lambda _: tell_due(story), range(2))) == 1
        assert len(told(story)) == 2


class TestCrash:
    def test_due_update_is_told_under_one_name(self, push_batch: Callable[..., Any], story: Story) -> None:
        push_batch(story.resources(), limit=2)
        push_batch(story.resources(), limit=100)
        let_time_pass(story)
        with pytest.raises(RuntimeError):
            tell_due(story, emitter=Broken())
        assert len(told(story)) == 2  # it was appended, and not committed
        assert tell_due(story) == 0  # whoever has died may still be at it
        let_time_pass(story, 10)

        assert tell_due(story) == 1

        assert len(told(story)) == 2
        assert told(story)[-1]["count"] == 4
        assert tell_due(story) == 0

    def test_batch_that_is_repeated_tells_its_group_once(self, push_batch: Callable[..., Any], story: Story) -> None:
        with pytest.raises(Stopped):
            push_batch(story.resources(emitter=Broken(Stopped())), limit=100)
        assert len(told(story)) == 1

        push_batch(story.resources(), limit=100)

        assert len(told(story)) == 1
        assert len({row.group_id for row in rows(story)}) == 1

    def test_group_that_cannot_be_built_stops_no_other(
        self, push_batch: Callable[..., Any], story: Story, noted: type[Event]
    ) -> None:
        for _ in range(2):
            follow(story, story.others[0])
            follow(story, story.others[0], event="noted", data='{"title": "Rain"}')
            push_batch(story.resources(), limit=100)
        with story.database.transaction() as connection:
            its = Notification.event == "noted"
            connection.execute(update(Notification).where(its).values(event="an event of the future"))
        let_time_pass(story)

        assert tell_due(story) == 2

        assert [data["count"] for data in told(story) if data["group"] == "following"][-1] == 6
        assert tell_due(story) == 0  # it is tried again after a pause
        let_time_pass(story, 10)
        follow(story, story.others[0], event="noted", data='{"title": "Rain"}')
        push_batch(story.resources(), limit=100)  # which does not shorten the pause
        assert tell_due(story) == 0
        assert due_groups(story) == 1


class Stopped(BaseException):
    pass


class Broken:
    """A message queue at which the process dies."""

    def __init__(self, error: BaseException | None = None) -> None:
        self._error = error or RuntimeError()

    def push(self, _pushes: Any) -> None:
        raise self._error


def test_burst_is_told_as_often_as_time_allows(push_batch: Callable[..., Any], story: Story) -> None:
    """One dispatch each second of a minute, with follows in each."""
    seconds, began = 60, time.monotonic()
    for second in range(seconds):
        for n in range(5):
            follow(story, str(5000 + 10 * second + n))
        push_batch(story.resources(), limit=100)
        tell_due(story)
        let_time_pass(story, 1)

    passed = seconds + time.monotonic() - began  # this loop takes time as well
    assert 10 <= len(told(story)) <= passed / 5 + 1
    assert len(told(story, audience=Audience.PLAIN)) == 4 + 5 * seconds


def test_old_groups_are_deleted(push_batch: Callable[..., Any], story: Story) -> None:
    push_batch(story.resources(), limit=2)
    push_batch(story.resources(), limit=100)
    assert groups.delete_old(story.database, window_seconds=10) == 0

    let_time_pass(story, 2 * 24 * 3600)
    assert groups.delete_old(story.database, window_seconds=10) == 0  # one is still due
    tell_due(story)
    let_time_pass(story, 2 * 24 * 3600)

    assert groups.delete_old(story.database, window_seconds=10) == 1


def test_depth_says_what_is_due(push_batch: Callable[..., Any], story: Story) -> None:
    push_batch(story.resources(), limit=2)
    push_batch(story.resources(), limit=100)
    let_time_pass(story, 65)

    with story.database.reading() as connection:
        count, seconds = groups.depth(connection)

    assert count == 1
    assert 59 <= seconds <= 62


def test_dispatcher_of_another_process_is_left_alone(push_batch: Callable[..., Any], story: Story) -> None:
    push_batch(story.resources(), limit=2)
    push_batch(story.resources(), limit=100)
    let_time_pass(story)

    with outbox.alone(story.database):
        assert tell_due(story) == (0 if story.database.is_sqlite else 1)
