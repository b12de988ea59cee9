"""Learns from PostgreSQL that another program has committed notifications: by LISTEN, on a connection of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.db import Database
from core.postgresql import Connection

CHANNEL = "toutiao_push"
_LOCK = 0x70757369  # the first of two numbers: any number that no other program locks in this database


class PoolerInBetween(Exception):
    """A pooler may give each transaction another server process, so nothing can listen through it."""

    def __init__(self) -> None:
        super().__init__(
            "LISTEN does not work through a pooler: give DATABASE_LISTEN_URL the address of PostgreSQL itself, or set "
            "DATABASE_LISTEN=false"
        )


class WakeUps:
    """One connection. Of all processes of a system only one listens, so that a commit wakes one of them."""

    def __init__(self, connection: Connection, schema: str | None) -> None:
        self._connection = connection
        [[self._schema]] = connection.execute("SELECT coalesce(%s, current_schema(), '')", [schema]).fetchall()

    def is_ours(self) -> bool:
        """Say whether this process listens from now on; else another one does, until it or its connection ends."""
        own = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
        [[is_ours]] = self._connection.execute(own, [_LOCK, self._schema]).fetchall()
        if is_ours:
            self._connection.execute(f"LISTEN {CHANNEL}")
        return bool(is_ours)

    def wait(self, seconds: float) -> bool:
        """Wait for commits, at most so long; say whether there were any. Those that come at once are one."""
        notices = list(self._connection.notifies(timeout=seconds, stop_after=1))
        # Systems in other schemas of the database share the channel. Who does not know the schema names none.
        return any(notice.payload in ("", self._schema) for notice in notices)


@contextmanager
def connected(database: Database) -> Iterator[WakeUps]:
    """Yield a connection outside of the pool; raise PoolerInBetween, or one of db.UNAVAILABLE."""
    pooled = database.engine.raw_connection()
    connection: Any = pooled.driver_connection
    pooled.detach()
    try:
        if connection.is_pooled:
            raise PoolerInBetween
        connection.autocommit = True
        yield WakeUps(connection, database.schema)
    finally:
        connection.close()
