"""Dead letters: notifications that could not be pushed and wait for an operator."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, select, update

from core.db import among
from core.models import Notification
from core.outbox import WAITING

_IS_DEAD = Notification.dead_lettered_at.is_not(None)
_IS_PAUSED = and_(*WAITING, Notification.retry_at.is_not(None))


def newest(connection: Connection, *, limit: int) -> Sequence[Any]:
    """Return the latest dead letters, newest first, each with its reason."""
    in_order = (Notification.dead_lettered_at.desc(), Notification.id.desc())
    return connection.execute(_failed().where(_IS_DEAD).order_by(*in_order).limit(limit)).all()


def paused(connection: Connection, *, limit: int) -> Sequence[Any]:
    """Return notifications that failed and wait for their next attempt, those that are due first at the beginning."""
    in_order = (Notification.retry_at, Notification.id)
    return connection.execute(_failed().where(_IS_PAUSED).order_by(*in_order).limit(limit)).all()


def redrive(connection: Connection, ids: Sequence[int] | None = None) -> int:
    """Put dead letters back into the outbox, those with these ids or all; return how many.

    A notification that failed and waits for its next attempt becomes due at once as well, and is counted.
    """
    chosen = () if ids is None else (among(connection, Notification.id, ids),)
    reset = {"dead_lettered_at": None, "attempts": 0, "retry_at": None, "failure_reason": None}
    return sum(
        connection.execute(update(Notification).where(is_failed, *chosen).values(reset)).rowcount
        for is_failed in (_IS_DEAD, _IS_PAUSED)
    )


def discard(connection: Connection, notification_id: int) -> bool:
    """Take a dead letter out of the outbox for good; return False where this id is not a dead letter.

    The notification counts as dispatched and keeps its reason. It stays unchanged in its recipient's inbox.
    """
    is_dead = and_(_IS_DEAD, Notification.id == notification_id)
    discarded = {"dispatched_at": int(time.time()), "dead_lettered_at": None}
    return connection.execute(update(Notification).where(is_dead).values(discarded)).rowcount > 0


def _failed() -> Select[*tuple[Any, ...]]:
    table = Notification
    dead_lettered_at = table.dead_lettered_at.label("dead_lettered_at")
    columns = (table.id, table.recipient_id, table.event, table.attempts, table.retry_at, dead_lettered_at)
    return select(*columns, table.failure_reason)
