"""Notifications that are worth nothing after a while: they are not sent any more, and leave the list by themselves."""

import time
from typing import Any

from sqlalchemy import Connection, select, update

from core.db import unix_time
from core.declarations import Declaration
from core.inbox_filters import IS_LISTED
from core.models import Notification

MOST = 500  # rows that one transaction archives

_table = Notification


def lifetime(declaration: Declaration) -> int | None:
    """Return after how many seconds a notification of an event expires; None for never."""
    return None if declaration.expires_after is None else int(declaration.expires_after.total_seconds())


def is_over(row: Any, declaration: Declaration) -> bool:
    """Say whether a notification has expired before it was sent."""
    seconds = lifetime(declaration)
    return seconds is not None and row.created_at + seconds <= time.time()


def archive(connection: Connection, *, limit: int = MOST) -> dict[str, list[int]]:
    """Archive what has expired; return the ids by user, newest first. Its user may take it out again, and it stays.

    What another process archives at the same moment is left to it.
    """
    is_due = (_table.expires_at.is_not(None), _table.expires_at <= unix_time(), *IS_LISTED)
    due = select(_table.id).where(*is_due).order_by(_table.id.desc()).limit(limit).with_for_update(skip_locked=True)
    values = {"archived_at": unix_time(), "expires_at": None}
    done = update(_table).where(_table.id.in_(due)).values(values).returning(_table.id, _table.recipient_id)
    archived: dict[str, list[int]] = {}
    for id_, user_id in sorted(connection.execute(done), reverse=True):
        archived.setdefault(user_id, []).append(id_)
    return archived
