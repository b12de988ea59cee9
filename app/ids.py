"""Ids of notifications: they grow, and are not given twice by a database that comes back without its last commits.

An id is the milliseconds since `BEGINNING`, by the database's clock, and twelve bits of a number that is counted. So
what a database counts anew after a failover is another id than before, unless its clock is behind as well.
"""

import time
from typing import Any

from sqlalchemy import Connection, func, select

from app.models import Notification

BEGINNING = 1_700_000_000_000  # in November 2023; ids stay below 2**53 until 2093
PLACE_BITS = 12


def chosen(connection: Connection) -> dict[str, Any]:
    """Return the id for a row about to be inserted, on SQLite: on PostgreSQL the column's own default gives it."""
    if connection.dialect.name != "sqlite":
        return {}
    by_clock = (time.time_ns() // 1_000_000 - BEGINNING) << PLACE_BITS
    # There is one writer at a time, so it may be simpler: by the clock, or the next one where that is more.
    return {"id": select(func.max(func.coalesce(func.max(Notification.id), 0) + 1, by_clock)).scalar_subquery()}
