"""The durable inbox of each user: add and list notifications."""

import time
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, insert, select

from core import declarations, group_members, ids, payloads, user_ids, value_lists
from core.group_members import Members
from core.inbox_filters import EVERYTHING, IN_STATE, Filter, arguments, newest_ids
from core.inbox_states import TIMES
from core.models import TOLD_BEFORE, Notification

_GROUP: value_lists.Columns = (("recipient_id", str), ("group_key", str), ("group_id", int))


def add(
    connection: Connection,
    event: declarations.Event,
    *,
    recipient_id: int | str,
    actor_id: int | str | None,
    was_told: bool = False,
) -> None:
    """Notify a user of what another user did. The push follows when the caller has committed and asked for a dispatch.

    The event's fields are sent together with the time and the actor's id, name and photo. Raise payloads.InvalidData
    where they are too large or too deep, or user_ids.InvalidUserId. A notification may have no actor. With `was_told`
    it is pushed silently, because the recipient was told the same a moment ago.
    """
    row = {
        **ids.chosen(connection),
        "event": event.declaration.name,
        "recipient_id": user_ids.as_text(recipient_id),
        "actor_id": None if actor_id is None else user_ids.as_text(actor_id),
        "data": declarations.data_of(event) or None,
        "pushed_at": TOLD_BEFORE if was_told else None,
    }
    connection.execute(insert(Notification).values(**row, created_at=int(time.time())))


def page(
    connection: Connection,
    user_id: str,
    filter: Filter = EVERYTHING,
    *,
    limit: int,
    before: int | None = None,
    is_collapsed: bool = False,
) -> list[Any]:
    """Return a user's notifications with ids below `before`, newest first: payloads.COLUMNS, states and groups.

    Collapsed, of each group only the newest in the filter is listed. Raise UnknownCategory.
    """
    ids = newest_ids(filter, is_collapsed=is_collapsed)
    columns = (*payloads.COLUMNS, *TIMES, *group_members.KEY_COLUMNS)
    rows = select(*columns).where(Notification.id.in_(ids)).order_by(Notification.id.desc())
    return list(connection.execute(rows, arguments(user_id, filter, limit=limit, before=before)))


def members(connection: Connection, user_id: str, rows: Sequence[Any], *, state: str) -> dict[int, Members]:
    """Return by the ids of groups what is in the groups of these rows of `page`, in the same state."""
    given = sorted({(user_id, row.group_key, row.group_id) for row in rows if row.group_id is not None})
    if not given:
        return {}
    parameters = value_lists.parameters(connection, _GROUP, given)
    found = connection.execute(_members(connection.dialect.name, state), parameters)
    return {row.group_id: group_members.read(row) for row in found}


@cache
def _members(dialect: str, state: str) -> Any:
    given = value_lists.table_of(dialect, _GROUP)
    return select(given.c.group_id, *group_members.columns(given, IN_STATE[state], dialect=dialect))
