"""Takes a notification back: its sender has withdrawn it."""

from sqlalchemy import ColumnElement, Connection, and_, null, select, update

from core.db import unix_time
from core.models import Notification
from core.outbox import UnknownNotification

_table = Notification


def withdraw(connection: Connection, notification_id: int) -> None:
    """Take a notification out of inbox and counts; raise UnknownNotification. A repeat changes nothing.

    The notification is in the outbox again, so that the next dispatch tells its user at least once.
    """
    _withdraw(connection, _table.id == notification_id)


def withdraw_key(connection: Connection, *, event: str, recipient_id: str, key: str) -> None:
    """Do the same with a user's notification of an event and a key."""
    _withdraw(connection, and_(_table.recipient_id == recipient_id, _table.event == event, _table.key == key))


def _withdraw(connection: Connection, is_it: ColumnElement[bool]) -> None:
    withdrawn = {
        "withdrawn_at": unix_time(),
        "pushed_at": _table.dispatched_at,
        "dispatched_at": null(),
        "attempts": 0,
        "retry_at": null(),
        "dead_lettered_at": null(),
        "failure_reason": null(),
    }
    changed = connection.execute(update(_table).where(is_it, _table.withdrawn_at.is_(None)).values(withdrawn))
    if not changed.rowcount and connection.execute(select(_table.id).where(is_it)).first() is None:
        raise UnknownNotification
