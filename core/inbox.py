"""The durable inbox of each user: add and list notifications."""

import time
from typing import Any

from sqlalchemy import Connection, insert, select

from core import declarations, ids, payloads, user_ids
from core.inbox_filters import EVERYTHING, Filter, arguments, newest_ids
from core.inbox_states import TIMES
from core.models import Notification


def add(
    connection: Connection,
    event: declarations.Event,
    *,
    recipient_id: int | str,
    actor_id: int | str | None,
    told_at: int | None = None,
) -> None:
    """Notify a user of what another user did. The push follows when the caller has committed and asked for a dispatch.

    The event's fields are sent together with the time and the actor's id, name and photo. Raise payloads.InvalidData
    where they are too large or too deep, or user_ids.InvalidUserId. A notification may have no actor. With `told_at`, a
    time at which the recipient was told the same, it is pushed silently.
    """
    row = {
        **ids.chosen(connection),
        "event": event.declaration.name,
        "recipient_id": user_ids.as_text(recipient_id),
        "actor_id": None if actor_id is None else user_ids.as_text(actor_id),
        "data": declarations.data_of(event) or None,
        "pushed_at": told_at,
    }
    connection.execute(insert(Notification).values(**row, created_at=int(time.time())))


def page(
    connection: Connection, user_id: str, filter: Filter = EVERYTHING, *, limit: int, before: int | None = None
) -> list[Any]:
    """Return a user's notifications with ids below `before`, newest first: payloads.COLUMNS, and the times of states.

    Raise UnknownCategory.
    """
    ids = newest_ids(filter)
    rows = select(*payloads.COLUMNS, *TIMES).where(Notification.id.in_(ids)).order_by(Notification.id.desc())
    return list(connection.execute(rows, arguments(user_id, limit=limit, before=before)))
