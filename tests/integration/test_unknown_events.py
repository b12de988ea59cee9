"""An event that only a newer version knows is neither listed nor counted nor marked as read."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from core import inbox, inbox_counts, inbox_marks
from core.inbox_filters import Filter
from core.inbox_marks import Change
from core.models import Notification
from core.unread import Counts
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
        count = inbox_counts.count(connection, story.ann).unread

    assert unknown not in listed
    assert count == len(listed) == len(story.others)


def test_dispatch_counts_only_known_events(push_batch: Callable[..., Any], story: Story, unknown: int) -> None:
    push_batch(story.resources(), limit=100)

    assert story.parts["unread"].get(story.ann) == len(story.others)


@pytest.mark.parametrize("is_named", [False, True], ids=["up to", "by id"])
def test_unknown_event_is_not_marked_as_read(story: Story, unknown: int, is_named: bool) -> None:
    with story.database.transaction() as connection:
        inbox_marks.mark_batch(connection, story.ann, Filter(up_to=unknown), Change(read=True))
        if is_named:
            assert inbox_marks.mark(connection, story.ann, [unknown], Change(read=True)) == []
        read_at = connection.execute(select(Notification.read_at).where(Notification.id == unknown)).scalar_one()

        assert inbox_counts.count(connection, story.ann) == Counts()

    assert read_at is None
