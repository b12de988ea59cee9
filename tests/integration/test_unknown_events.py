"""An event that only a newer version knows is neither listed nor counted nor marked as read."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select, text

from core import inbox
from core.db import Database
from core.models import Notification
from tests.integration.story import Story
from tests.rows import write_notification


@pytest.fixture
def unknown(story: Story) -> int:
    """The id of a notification to ann, newer than those of the story."""
    with story.database.transaction() as connection:
        return write_notification(connection, story.ann, story.others[0], event="an event of the future")


def test_unknown_event_is_neither_listed_nor_counted(story: Story, unknown: int) -> None:
    with story.database.reading() as connection:
        listed = [row.id for row in inbox.page(connection, story.ann, limit=100, before=None)]
        count = inbox.unread_count(connection, story.ann)

    assert unknown not in listed
    assert count == len(listed) == len(story.others)


def test_dispatch_counts_only_known_events(push_batch: Callable[..., Any], story: Story, unknown: int) -> None:
    push_batch(story.resources(), limit=100)

    assert story.parts["unread"].get(story.ann) == len(story.others)


@pytest.mark.parametrize("is_named", [False, True], ids=["up to", "by id"])
def test_unknown_event_is_not_marked_as_read(story: Story, unknown: int, is_named: bool) -> None:
    with story.database.transaction() as connection:
        inbox.mark_read(connection, story.ann, up_to=unknown)
        if is_named:
            assert not inbox.mark_read(connection, story.ann, ids=[unknown])
        read_at = connection.execute(select(Notification.read_at).where(Notification.id == unknown)).scalar_one()

        assert inbox.unread_count(connection, story.ann) == 0

    assert read_at is None


def test_unread_count_uses_its_index(story: Story, unknown: int) -> None:
    plan = plan_of_counting(story.database, story.ann)

    of_both = "ix_notifications_unread (recipient_id=? AND event=?)"
    assert of_both in plan if story.database.is_sqlite else "Index Only Scan using ix_notifications_unread" in plan


def plan_of_counting(database: Database, user_id: str) -> str:
    asked: list[Any] = []
    with database.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda _c, _cursor, *call: asked.append(call[:2]))
        inbox.unread_count(connection, user_id)
        [(statement, parameters)] = asked
        if database.is_sqlite:
            return str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())
        connection.execute(text("VACUUM ANALYZE notifications"))
        connection.execute(text("SET enable_seqscan = off"))  # with few rows it would scan the table
        connection.execute(text("SET enable_bitmapscan = off"))
        return str(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all())
