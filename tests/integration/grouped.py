"""Helpers for tests of groups: what is told of them, and how time passes."""

import json
from typing import Any

from sqlalchemy import select, update

from core import groups, inbox_marks, wire
from core.inbox_marks import Change
from core.keys import Keys
from core.models import Notification, NotificationGroup
from core.wire import Audience
from tests.integration.story import Story
from tests.rows import write_notification


class Told:
    """One entry of a history."""

    def __init__(self, packet: bytes) -> None:
        self.audience = wire.audience(packet)
        self.event, self.data = json.loads(packet[2:])


def told(story: Story, user_id: str | None = None, *, audience: Audience = Audience.GROUPS) -> list[dict[str, Any]]:
    """Return what the sockets of one kind were told."""
    stream = story.redis.xrange(Keys().history(user_id or story.ann))
    entries = [Told(fields[b"h"] + offset + fields[b"t"]) for offset, fields in stream]
    return [entry.data for entry in entries if entry.audience in (Audience.ALL, audience)]


def follow(story: Story, actor_id: Any, **columns: Any) -> int:
    with story.database.transaction() as connection:
        return write_notification(connection, story.ann, actor_id, **columns)


def tell_due(story: Story, **parts: Any) -> int:
    from tasks.due_groups import tell_due

    return tell_due(story.resources(**parts), limit=100)


def let_time_pass(story: Story, seconds: int = 5) -> None:
    """Move all times of groups into the past."""
    table = NotificationGroup
    moved = {column.key: column - seconds for column in (table.opened_at, table.told_at, table.due_at)}
    with story.database.transaction() as connection:
        connection.execute(update(table).values(moved))


def rows(story: Story) -> list[Any]:
    with story.database.reading() as connection:
        columns = (Notification.id, Notification.group_key, Notification.group_id)
        return list(connection.execute(select(*columns).order_by(Notification.id)))


def mark(story: Story, ids: list[int], **change: bool) -> None:
    with story.database.transaction() as connection:
        inbox_marks.mark(connection, story.ann, ids, Change(**change))


def due_groups(story: Story) -> int:
    with story.database.reading() as connection:
        return groups.depth(connection)[0]
