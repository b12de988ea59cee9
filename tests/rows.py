"""Rows as another program writes them, without our checks."""

import time
from typing import Any

from sqlalchemy import Connection, bindparam, text, update

from app.models import User
from app.services import accounts
from core.models import Notification

_INSERT = "INSERT INTO notifications (%s) VALUES (%s) RETURNING id"


def write_notification(connection: Connection, recipient_id: Any, actor_id: Any, **columns: Any) -> int:
    """Write a notification with raw values, `data` as JSON text; return its id."""
    row = {
        "recipient_id": _text(recipient_id),
        "actor_id": _text(actor_id),
        "event": "following notify",
        "created_at": int(time.time()),
        **columns,
    }
    values = ", ".join(
        "CAST(:data AS JSON)" if name == "data" and _is_strict(connection) else f":{name}" for name in row
    )
    statement = text(_INSERT % (", ".join(row), values)).bindparams(*(bindparam(name) for name in row))
    return int(connection.execute(statement, row).scalar_one())


def _text(user_id: Any) -> Any:
    return str(user_id) if isinstance(user_id, int) else user_id


def end_pauses(connection: Connection) -> None:
    """Make every notification due that waits for its next attempt."""
    connection.execute(update(Notification).values(retry_at=None))


def _is_strict(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def sign_up_before_there_were_keys(connection: Connection, name: str) -> int:
    """Make a user as old versions did: no key keeps the name apart from others."""
    user_id: int = accounts.sign_up(connection, name="stands in", password_hash="x")["id"]
    connection.execute(update(User).where(User.id == user_id).values(name=name, name_key=None))
    return user_id
