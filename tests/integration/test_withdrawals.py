"""A notification that is withdrawn is told as a withdrawal, on both databases and whenever it is withdrawn."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from core import dead_letters, inbox, outbox, wire, withdrawals
from core.db import Database
from core.history import EMPTY
from core.models import Notification
from core.wire import Audience
from tasks.emitter import PushFailed
from tests.integration.story import Story
from tests.rows import end_pauses
from tests.services import wait_until


@pytest.fixture
def ids(story: Story) -> list[int]:
    """The ids of Ann's four notifications, oldest first."""
    with story.database.reading() as connection:
        return sorted(row.id for row in inbox.page(connection, story.ann, limit=10, before=None))


def withdraw(database: Database, notification_id: int) -> None:
    with database.transaction() as connection:
        withdrawals.withdraw(connection, notification_id)


def entries(story: Story) -> list[tuple[str, Any]]:
    """The history: of each entry its event, and the id or ids in it; without the updates of groups."""
    replayed = [packet for _, packet in story.history.read_after(story.ann, EMPTY).packets]
    packets = [json.loads(packet[2:]) for packet in replayed if wire.audience(packet) is not Audience.GROUPS]
    return [(event, data.get("ids") or data["id"]) for event, data in packets]


def state(database: Database, notification_id: int) -> Any:
    columns = (Notification.dispatched_at, Notification.pushed_at, Notification.attempts, Notification.failure_reason)
    with database.reading() as connection:
        return connection.execute(select(*columns).where(Notification.id == notification_id)).one()


class Meanwhile:
    """A part of the dispatch that lets something happen after its work."""

    def __init__(self, inner: Any, act: Callable[[], None]) -> None:
        self._inner, self._act = inner, act

    def push(self, pushes: Any) -> None:
        self._inner.push(pushes)
        self._act()


class TestPush:
    def test_withdrawal_follows_its_notification_and_the_count_is_sent(
        self, push_batch: Callable[..., Any], story: Story, ids: list[int]
    ) -> None:
        push_batch(story.resources(), limit=100)
        story.emitter.pushed.clear()

        withdraw(story.database, ids[1])

        assert push_batch(story.resources(), limit=100).pushed == [ids[1]]
        assert entries(story) == [*(("following notify", i) for i in ids), ("withdrawn", [ids[1]])]
        packets = [json.loads(push.split(b"\0", 3)[3][2:]) for push in story.pushed()]
        assert [event for event, _ in packets] == ["withdrawn", "unread"]
        assert packets[1][1] == {"count": 3, "unseen_count": 3}
        row = state(story.database, ids[1])
        assert row.dispatched_at
        assert row.pushed_at
        assert story.waiting() == 0

    def test_withdrawn_before_its_dispatch_is_never_pushed_as_a_notification(
        self, push_batch: Callable[..., Any], story: Story, ids: list[int]
    ) -> None:
        withdraw(story.database, ids[0])

        push_batch(story.resources(), limit=100)

        assert entries(story) == [("withdrawn", [ids[0]]), *(("following notify", i) for i in ids[1:])]
        row = state(story.database, ids[0])
        assert (row.dispatched_at is None, row.pushed_at) == (False, None)

    def test_withdrawn_during_its_push_is_told_by_the_next_dispatch(
        self, push_batch: Callable[..., Any], story: Story, ids: list[int]
    ) -> None:
        emitter = Meanwhile(story.emitter, lambda: withdraw(story.database, ids[2]))

        push_batch(story.resources(emitter=emitter), limit=100)

        row = state(story.database, ids[2])
        assert row.dispatched_at is None
        assert row.pushed_at
        assert story.waiting() == 1
        push_batch(story.resources(), limit=100)
        assert entries(story)[-1] == ("withdrawn", [ids[2]])
        assert story.waiting() == 0

    def test_withdrawal_that_was_appended_before_a_crash_keeps_its_offset(
        self, push_batch: Callable[..., Any], story: Story, ids: list[int]
    ) -> None:
        def crash() -> None:
            raise PushFailed

        push_batch(story.resources(), limit=100)
        withdraw(story.database, ids[0])
        with pytest.raises(PushFailed):
            push_batch(story.resources(emitter=Meanwhile(story.emitter, crash)), limit=100)
        first = story.replayed()[0]["offset"]
        told = story.history.read_after(story.ann, first).packets

        push_batch(story.resources(), limit=100)

        assert b"withdrawn" in told[-1][1]
        assert story.history.read_after(story.ann, first).packets == told
        assert story.waiting() == 0

    def test_dead_letter_that_is_withdrawn_is_told_and_is_no_dead_letter(
        self, push_batch: Callable[..., Any], story: Story, ids: list[int]
    ) -> None:
        with outbox.claim(story.database, limit=1) as batch:
            batch.mark(dispatched=[], failed=[outbox.Failure(ids[0], ValueError("bad"), is_final=True)])

        withdraw(story.database, ids[0])
        push_batch(story.resources(), limit=100)

        assert ("withdrawn", [ids[0]]) in entries(story)
        with story.database.reading() as connection:
            assert dead_letters.newest(connection, limit=5) == []

    def test_lost_history_is_not_covered_after_a_withdrawal(
        self, push_batch: Callable[..., Any], story: Story, ids: list[int]
    ) -> None:
        with outbox.claim(story.database, limit=3) as batch:
            batch.mark(dispatched=ids[:3], failed=[], not_sent=[])
        for notification_id in ids:
            withdraw(story.database, notification_id)

        push_batch(story.resources(), limit=100)

        assert not story.history.read_after(story.ann, EMPTY).is_covered


class TestMark:
    def test_failure_of_a_notification_is_not_counted_against_its_withdrawal(
        self, story: Story, ids: list[int]
    ) -> None:
        database = story.database
        with outbox.claim(database, limit=10) as batch:
            withdraw(database, ids[0])
            withdraw(database, ids[1])
            batch.mark(
                dispatched=ids[2:], not_sent=[ids[1]], failed=[outbox.Failure(ids[0], ValueError("bad"), is_final=True)]
            )

        with outbox.claim(database, limit=10) as batch:
            assert [(row.id, row.attempts) for row in batch.rows] == [(ids[0], 0), (ids[1], 0)]
            assert state(database, ids[0]).failure_reason is None
            batch.mark(dispatched=[ids[1]], failed=[outbox.Failure(ids[0], ValueError("bad"))])

        with database.transaction() as connection:
            end_pauses(connection)
        with outbox.claim(database, limit=10) as batch:
            assert [(row.id, row.attempts) for row in batch.rows] == [(ids[0], 1)]

    def test_age_of_the_outbox_is_that_of_the_withdrawal(self, story: Story, ids: list[int]) -> None:
        with story.database.transaction() as connection:
            connection.execute(update(Notification).values(created_at=1000, dispatched_at=2000))
        withdraw(story.database, ids[0])

        with story.database.reading() as connection:
            waiting, oldest_seconds, _ = outbox.depth(connection)

        assert waiting == 1
        assert oldest_seconds < 600


class TestOnPostgreSQL:
    @pytest.fixture
    def database(self, postgres: Database) -> Database:
        return postgres

    def test_mark_waits_for_a_withdrawal_that_is_not_committed_yet(self, story: Story, ids: list[int]) -> None:
        database = story.database
        with outbox.claim(database, limit=10) as batch, batch.connection() as marking:
            pid = marking.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            marker = threading.Thread(target=lambda: batch.mark(dispatched=ids, failed=[]))
            with database.transaction() as connection:
                withdrawals.withdraw(connection, ids[1])
                marker.start()
                wait_until(lambda: is_waiting(database, pid), seconds=20, what="the mark waits for the row")
            marker.join(20)

        row = state(database, ids[1])
        assert row.dispatched_at is None
        assert row.pushed_at
        assert story.waiting() == 1


def is_waiting(database: Database, pid: int) -> bool:
    with database.reading() as connection:
        blocking = connection.exec_driver_sql("SELECT cardinality(pg_blocking_pids(%s))", (pid,)).scalar_one()
    return bool(blocking)
