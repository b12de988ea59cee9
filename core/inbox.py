"""The durable inbox of each user: add, list, count and mark notifications."""

import time
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, func, insert, or_, select, update

from core import declarations, ids, payloads, user_ids
from core.db import among
from core.models import Notification


def add(
    connection: Connection, event: declarations.Event, *, recipient_id: int | str, actor_id: int | str | None
) -> None:
    """Notify a user of what another user did. The push follows when the caller has committed and asked for a dispatch.

    The event's fields are sent together with the time and the actor's id, name and photo. Raise payloads.InvalidData
    where they are too large or too deep, or user_ids.InvalidUserId. A notification may have no actor.
    """
    row = {
        **ids.chosen(connection),
        "event": event.declaration.name,
        "recipient_id": user_ids.as_text(recipient_id),
        "actor_id": None if actor_id is None else user_ids.as_text(actor_id),
        "data": declarations.data_of(event) or None,
    }
    connection.execute(insert(Notification).values(**row, created_at=int(time.time())))


def unread_count(connection: Connection, user_id: str) -> int:
    """Count a user's unread notifications."""
    return unread_counts(connection, [user_id])[user_id]


def unread_counts(connection: Connection, user_ids: Sequence[str]) -> dict[str, int]:
    """Count the unread notifications of each of these users."""
    unread = and_(among(connection, Notification.recipient_id, user_ids), _is_unread())
    rows = connection.execute(
        select(Notification.recipient_id, func.count()).where(unread).group_by(Notification.recipient_id)
    )
    counted = dict(rows.all())
    return {user_id: counted.get(user_id, 0) for user_id in user_ids}


def page(connection: Connection, user_id: str, *, limit: int, before: int | None) -> list[Any]:
    """Return a user's notifications with ids below `before`, newest first: payloads.COLUMNS and `read_at`."""
    is_listed = and_(Notification.withdrawn_at.is_(None), _is_known(declarations.known_names()))
    mine = and_(Notification.recipient_id == user_id, is_listed)
    if before is not None:
        mine = mine & (Notification.id < before)
    rows = select(*payloads.COLUMNS, Notification.read_at).where(mine).order_by(Notification.id.desc()).limit(limit)
    return list(connection.execute(rows))


def mark_read(connection: Connection, user_id: str, *, ids: Sequence[int] = (), up_to: int | None = None) -> bool:
    """Mark a user's own notifications as read, by id or up to an id; say whether anything changed."""
    chosen: ColumnElement[bool] = among(connection, Notification.id, ids)
    if up_to is not None:
        chosen = or_(chosen, Notification.id <= up_to)
    mine = and_(Notification.recipient_id == user_id, _is_unread(), chosen)
    # Lock the rows in one order, so that two devices that mark the same rows at once cause no deadlock.
    in_order = select(Notification.id).where(mine).order_by(Notification.id).with_for_update()
    marked = update(Notification).where(Notification.id.in_(in_order)).values(read_at=int(time.time()))
    return connection.execute(marked).rowcount > 0


@cache
def _is_known(names: frozenset[str]) -> ColumnElement[bool]:
    """Select events that this version knows: only these are listed, counted and marked. A newer version has others."""
    return or_(false(), *(Notification.event == name for name in sorted(names)))


def _is_unread() -> ColumnElement[bool]:
    unread = (Notification.read_at.is_(None), Notification.withdrawn_at.is_(None))
    return and_(*unread, _is_known(declarations.known_names()))
