"""Dead letters: notifications that could not be pushed and wait for an operator."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, select, update

from core.db import among
from core.models import Notification
from core.outbox import WAITING

_IS_DEAD = Notification.dead_lettered_at.is_not(None)
_IS_PAUSED = and_(*WAITING, Notification.retry_at.is_not(None))


def newest(connection: Connection, *, limit: int) -> Sequence[Any]:
    """Return the latest dead letters, newest first, each with its reason."""
    table = Notification
    since = table.dead_lettered_at.label("dead_lettered_at")
    columns = (table.id, table.recipient_id, table.event, table.attempts, since, table.failure_reason)
    found = select(*columns).where(_IS_DEAD).order_by(table.dead_lettered_at.desc(), table.id.desc()).limit(limit)
    return connection.execute(found).all()


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
