"""The durable inbox of each user."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from app import events, ids
from app.db import among
from app.models import Notification
from app.services import payloads

# What this version knows is listed, counted and marked as read. What a newer version has written is left to it.
_IS_KNOWN = or_(*(Notification.event == name for name in sorted(events.NOTIFICATIONS)))
_IS_UNREAD = and_(Notification.read_at.is_(None), _IS_KNOWN)


def add(
    connection: Connection, event: str, *, recipient_id: int, actor_id: int, data: dict[str, object] | None = None
) -> None:
    """Have a user told of what another did. It is pushed once the caller has committed and asked for a dispatch.

    `data` is sent beside the actor's id, name and photo and the time. Raise payloads.UnknownEvent, or
    payloads.InvalidData where it can't be sent.
    """
    payloads.check(event, data)
    row = {
        **ids.chosen(connection),
        "event": event,
        "recipient_id": recipient_id,
        "actor_id": actor_id,
        "data": data,
    }
    connection.execute(insert(Notification).values(**row, created_at=int(time.time())))


def unread_count(connection: Connection, user_id: int) -> int:
    """Count what a user has not read."""
    return unread_counts(connection, [user_id])[user_id]


def unread_counts(connection: Connection, user_ids: Sequence[int]) -> dict[int, int]:
    """Count what each of these users has not read."""
    unread = and_(among(connection, Notification.recipient_id, user_ids), _IS_UNREAD)
    rows = connection.execute(
        select(Notification.recipient_id, func.count()).where(unread).group_by(Notification.recipient_id)
    )
    counted = dict(rows.all())
    return {user_id: counted.get(user_id, 0) for user_id in user_ids}


def page(connection: Connection, user_id: int, *, limit: int, before: int | None) -> list[Any]:
    """Return a user's notifications as payloads.COLUMNS and `read_at`, newest first, with smaller ids than `before`."""
    mine = and_(Notification.recipient_id == user_id, _IS_KNOWN)
    if before is not None:
        mine = mine & (Notification.id < before)
    rows = select(*payloads.COLUMNS, Notification.read_at).where(mine).order_by(Notification.id.desc()).limit(limit)
    return list(connection.execute(rows))


def mark_read(connection: Connection, user_id: int, *, ids: Sequence[int] = (), up_to: int | None = None) -> bool:
    """Mark a user's own notifications, by id or up to an id, as read; say whether anything changed."""
    chosen: ColumnElement[bool] = among(connection, Notification.id, ids)
    if up_to is not None:
        chosen = or_(chosen, Notification.id <= up_to)
    mine = and_(Notification.recipient_id == user_id, _IS_UNREAD, chosen)
    # In one order: two devices that mark the same at once would otherwise end in a deadlock.
    in_order = select(Notification.id).where(mine).order_by(Notification.id).with_for_update()
    marked = update(Notification).where(Notification.id.in_(in_order)).values(read_at=int(time.time()))
    return connection.execute(marked).rowcount > 0
