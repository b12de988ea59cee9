"""Ids of notifications: they grow, and a database that has lost its last commits gives no id twice.

An id is the milliseconds since `BEGINNING`, by the database's clock, followed by twelve bits of a counter. So a
database that repeats a count after a failover still gives a new id, unless its clock is behind as well.
"""

import time
from typing import Any

from sqlalchemy import Connection, func, select

from core.models import Notification

BEGINNING = 1_700_000_000_000  # in November 2023; ids stay below 2**53 until 2093
PLACE_BITS = 12


def chosen(connection: Connection) -> dict[str, Any]:
    """Return the id of a new row on SQLite; nothing on PostgreSQL, where the column's default makes the id."""
    if connection.dialect.name != "sqlite":
        return {}
    by_clock = (time.time_ns() // 1_000_000 - BEGINNING) << PLACE_BITS
    # SQLite has one writer at a time, so the rule is simple: the id of this moment, or the next id if that is larger.
    return {"id": select(func.max(func.coalesce(func.max(Notification.id), 0) + 1, by_clock)).scalar_subquery()}
