"""Notifications that could not be pushed, and wait for an operator."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, select, update

from app.db import among
from app.models import Notification
from app.services.outbox import WAITING

_IS_DEAD = Notification.set_aside_at.is_not(None)
_IS_PAUSED = and_(*WAITING, Notification.retry_at.is_not(None))


def newest(connection: Connection, *, limit: int) -> Sequence[Any]:
    """Return those that were given up last, newest first, each with its reason."""
    table = Notification
    columns = (table.id, table.recipient_id, table.event, table.attempts, table.set_aside_at, table.failure_reason)
    newest = select(*columns).where(_IS_DEAD).order_by(table.set_aside_at.desc(), table.id.desc()).limit(limit)
    return connection.execute(newest).all()


def redrive(connection: Connection, ids: Sequence[int] | None = None) -> int:
    """Put them back into the outbox, those of these ids or all; return how many.

    What has failed and waits for its next attempt is due at once as well.
    """
    named = () if ids is None else (among(connection, Notification.id, ids),)
    again = {"set_aside_at": None, "attempts": 0, "retry_at": None, "failure_reason": None}
    return sum(
        connection.execute(update(Notification).where(failed, *named).values(again)).rowcount
        for failed in (_IS_DEAD, _IS_PAUSED)
    )


def discard(connection: Connection, notification_id: int) -> bool:
    """Take one out of the outbox for good; say whether it was a dead letter.

    It counts as dispatched, keeps its reason, and stays in its recipient's inbox as it was.
    """
    dead = and_(_IS_DEAD, Notification.id == notification_id)
    gone = {"dispatched_at": int(time.time()), "set_aside_at": None}
    return connection.execute(update(Notification).where(dead).values(gone)).rowcount > 0
