"""What has expired is not sent, or archived by itself."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from core import declarations, expiry, inbox, inbox_counts, inbox_marks
from core.declarations import Event
from core.inbox_filters import Filter
from core.inbox_marks import Change
from core.models import Notification
from core.unread import Counts
from tests.integration.story import Story
from tests.rows import write_notification

SECONDS = 3600


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> type[Event]:
    """An event that is forgotten after the test."""
    monkeypatch.setattr(declarations, "_by_name", dict(declarations._by_name))
    monkeypatch.setattr(declarations, "_known_names", declarations.known_names())

    class Offer(Event, name="offer", expires_after=timedelta(seconds=SECONDS)):
        pass

    return Offer


def write(story: Story, *, age: int = 0) -> int:
    with story.database.transaction() as connection:
        return write_notification(connection, "7", None, event="offer", created_at=int(time.time()) - age)


def row_of(story: Story, notification_id: int) -> Any:
    with story.database.reading() as connection:
        columns = select(Notification.not_sent, Notification.expires_at, Notification.created_at)
        return connection.execute(columns.where(Notification.id == notification_id)).one()


def lists(story: Story) -> tuple[list[int], list[int], Counts]:
    """Return the list, the archive and the counts."""
    with story.database.reading() as connection:
        pages = (inbox.page(connection, "7", Filter(state), limit=9) for state in ("all", "archived"))
        listed, archived = ([row.id for row in page] for page in pages)
        return listed, archived, inbox_counts.count(connection, "7")


def expire(story: Story) -> None:
    with story.database.transaction() as connection:
        due = update(Notification).where(Notification.expires_at.is_not(None))
        connection.execute(due.values(expires_at=int(time.time()) - 1))


def test_what_expires_before_it_is_sent_is_not_sent(
    push_batch: Callable[..., Any], story: Story, offer: type[Event]
) -> None:
    old = write(story, age=SECONDS + 1)

    push_batch(story.resources(), limit=100)

    assert (row_of(story, old).not_sent, row_of(story, old).expires_at) == ("expired", None)
    assert lists(story) == ([], [], Counts())
    assert b'"offer"' not in b"".join(story.pushed())
    assert story.waiting() == 0


def test_what_is_sent_gets_the_time_at_which_it_expires(
    push_batch: Callable[..., Any], story: Story, offer: type[Event]
) -> None:
    new = write(story, age=5)

    push_batch(story.resources(), limit=100)

    row = row_of(story, new)
    assert (row.not_sent, row.expires_at) == (None, row.created_at + SECONDS)
    assert b'"offer"' in b"".join(story.pushed())


def test_what_has_expired_is_archived_once_and_told(
    push_batch: Callable[..., Any], story: Story, offer: type[Event]
) -> None:
    from tasks.expiry import archive_expired

    ids = [write(story), write(story)]
    push_batch(story.resources(), limit=100)
    assert archive_expired(story.resources()) == 0
    expire(story)
    story.emitter.pushed.clear()

    assert archive_expired(story.resources()) == 2

    assert lists(story) == ([], sorted(ids, reverse=True), Counts())
    told = [orjson.loads(push.split(b"\0", 3)[3][2:]) for push in story.pushed()]
    assert [name for name, _ in told] == ["state", "unread"]
    assert told[0][1]["ids"] == sorted(ids, reverse=True)
    with story.database.transaction() as connection:
        inbox_marks.mark(connection, "7", ids, Change(archived=False))
    assert archive_expired(story.resources()) == 0
    assert lists(story)[0] == sorted(ids, reverse=True)


def test_each_transaction_archives_a_limited_number(
    push_batch: Callable[..., Any], story: Story, offer: type[Event]
) -> None:
    for _ in range(3):
        write(story)
    push_batch(story.resources(), limit=100)
    expire(story)

    with story.database.transaction() as connection:
        assert len(expiry.archive(connection, limit=2)["7"]) == 2
    assert len(lists(story)[0]) == 1
