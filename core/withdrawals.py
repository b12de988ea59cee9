"""Takes notifications back: their sender withdraws them, or what they tell is no longer so."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, null, or_, select, update

from core import declarations, payloads, user_ids
from core.db import among, unix_time
from core.declarations import Event
from core.inbox_filters import MAY_BE_TAKEN_BACK
from core.models import Notification
from core.outbox import UnknownNotification

_table = Notification
_MOST_UNSEEN = 1000  # of one event, actor and user; older ones stay


def withdraw(connection: Connection, notification_id: int) -> None:
    """Take a notification out of inbox and counts; raise UnknownNotification. A repeat changes nothing.

    The notification is in the outbox again, so that the next dispatch tells its user at least once; but not one that
    was held back from its user.
    """
    _withdraw(connection, _table.id == notification_id)


def withdraw_key(connection: Connection, *, event: str, recipient_id: str, key: str) -> None:
    """Do the same with a user's notification of an event and a key."""
    _withdraw(connection, and_(_table.recipient_id == recipient_id, _table.event == event, _table.key == key))


def withdraw_unseen(connection: Connection, event: Event, *, recipient_id: int | str, actor_id: int | str) -> bool:
    """Take back what an actor has told a user with an event of the same data, if the user has not seen it.

    Say whether there was such a notification. Then the caller asks for a dispatch after the commit.
    """
    names = (_table.event == name for name in event.declaration.names)
    told = (
        _table.recipient_id == user_ids.as_text(recipient_id),
        _table.actor_id == user_ids.as_text(actor_id),
        or_(*names),
        *MAY_BE_TAKEN_BACK,
    )
    # The data is compared here, since a row that another program has written may hold anything.
    found = select(*payloads.COLUMNS).where(*told).order_by(_table.id.desc()).limit(_MOST_UNSEEN)
    data = declarations.data_of(event)
    ids = sorted(row.id for row in connection.execute(found) if _data_of(row) == data)
    if not ids:
        return False
    in_order = select(_table.id).where(among(connection, _table.id, ids), *MAY_BE_TAKEN_BACK).order_by(_table.id)
    changed = connection.execute(update(_table).where(_table.id.in_(in_order.with_for_update())).values(_withdrawn()))
    return changed.rowcount > 0


def _data_of(row: Any) -> dict[str, object] | None:
    try:
        return payloads.decode(row.data)
    except payloads.InvalidData:
        return None


def _withdrawn() -> dict[str, Any]:
    return {
        "withdrawn_at": unix_time(),
        # Of one that was held back, nobody was told anything.
        "pushed_at": case((_table.not_sent.is_(None), _table.dispatched_at)),
        "dispatched_at": case((_table.not_sent.is_not(None), _table.dispatched_at)),
        "attempts": 0,
        "retry_at": null(),
        "dead_lettered_at": null(),
        "failure_reason": null(),
    }


def _withdraw(connection: Connection, is_it: ColumnElement[bool]) -> None:
    changed = connection.execute(update(_table).where(is_it, _table.withdrawn_at.is_(None)).values(_withdrawn()))
    if not changed.rowcount and connection.execute(select(_table.id).where(is_it)).first() is None:
        raise UnknownNotification
