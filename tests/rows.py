"""Rows as another program writes them, past every check."""

import time
from typing import Any

from sqlalchemy import Connection, bindparam, text, update

from app import events
from app.models import Notification

_INSERT = "INSERT INTO notifications (%s) VALUES (%s) RETURNING id"


def write_notification(connection: Connection, recipient_id: int, actor_id: int, **columns: Any) -> int:
    """Write a notification with raw values, `data` as JSON text; return its id."""
    row = {
        "recipient_id": recipient_id,
        "actor_id": actor_id,
        "event": events.FOLLOWING_NOTIFY,
        "created_at": int(time.time()),
        **columns,
    }
    values = ", ".join(
        "CAST(:data AS JSON)" if name == "data" and _is_strict(connection) else f":{name}" for name in row
    )
    statement = text(_INSERT % (", ".join(row), values)).bindparams(*(bindparam(name) for name in row))
    return int(connection.execute(statement, row).scalar_one())


def end_pauses(connection: Connection) -> None:
    """Make each notification due that waits for its next attempt."""
    connection.execute(update(Notification).values(retry_at=None))


def _is_strict(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"
