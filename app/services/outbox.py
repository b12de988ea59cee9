"""What is committed and not yet pushed. The rows are those of the inbox."""

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from sqlalchemy import Connection, case, func, select, update

from app.db import Database, among
from app.models import Notification

_LOCK_SECONDS = 2
_MOST_ATTEMPTS = 5
_WINDOW = 5  # so many dispatchers find a batch of their own; PostgreSQL tries a lock for each id it looks at
_WAITING = (Notification.dispatched_at.is_(None), Notification.set_aside_at.is_(None))


@contextmanager
def claim(database: Database, *, limit: int) -> Iterator["Batch"]:
    """Claim the oldest waiting notifications for the time of the block, and for nobody else.

    Whatever ends the block, the process's death too, ends the claim. An error leaves all of them waiting.
    """
    if database.is_sqlite:
        with _only_dispatcher(database) as is_free:
            yield Batch(database, None, _oldest(database, limit) if is_free else [])
        return
    with database.transaction() as connection:
        claimed = connection.execute(_claim(limit)).scalars().all()
        # Asked anew: one that was still waiting above may have been dispatched and let go before it was claimed.
        rows = connection.execute(_waiting(limit).where(among(connection, Notification.id, claimed))).all()
        yield Batch(database, connection, rows)


class Batch:
    """Claimed notifications, in order of id."""

    def __init__(self, database: Database, connection: Connection | None, rows: Sequence[Any]) -> None:
        self.rows = rows
        self._database = database
        self._connection = connection

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Yield the connection to read and mark with.

        On PostgreSQL it is the one that holds the claim. On SQLite it is a short transaction of its own: held
        during a push it would keep every writer waiting.
        """
        if self._connection is not None:
            yield self._connection
        else:
            with self._database.transaction() as connection:
                yield connection

    def mark(self, *, dispatched: Sequence[int], failed: Sequence[int]) -> None:
        """Take what was dispatched out of the outbox, and set aside what has failed too often."""
        now = int(time.time())
        table = Notification
        with self.connection() as connection:
            # In the order of inbox.mark_read: two that wait for each other's rows would end in a deadlock.
            both = select(table.id).where(among(connection, table.id, [*dispatched, *failed]))
            connection.execute(both.order_by(table.id).with_for_update())
            connection.execute(update(table).where(among(connection, table.id, dispatched)).values(dispatched_at=now))
            if failed:
                is_last = table.attempts >= _MOST_ATTEMPTS - 1
                counted = {"attempts": table.attempts + 1, "set_aside_at": case((is_last, now))}
                connection.execute(update(table).where(among(connection, table.id, failed)).values(counted))


def redrive(connection: Connection) -> int:
    """Put what was set aside back into the outbox; return how many."""
    again = update(Notification).where(Notification.set_aside_at.is_not(None)).values(set_aside_at=None, attempts=0)
    return connection.execute(again).rowcount


def depth(connection: Connection) -> tuple[int, int, int]:
    """Return how many wait, how many seconds the oldest has waited, and how many are set aside."""
    waiting, oldest = connection.execute(select(func.count(), func.min(Notification.created_at)).where(*_WAITING)).one()
    aside = connection.execute(select(func.count()).where(Notification.set_aside_at.is_not(None))).scalar_one()
    return waiting, max(0, int(time.time()) - oldest) if oldest else 0, aside


def had_before(connection: Connection, user_ids: Sequence[int]) -> list[int]:
    """Return those of these users to whom something was dispatched before."""
    table = Notification
    earlier = select(table.recipient_id).where(
        among(connection, table.recipient_id, user_ids), table.dispatched_at.is_not(None)
    )
    return list(connection.execute(earlier.distinct()).scalars())


def _waiting(limit: int) -> Any:
    table = Notification
    columns = (table.id, table.recipient_id, table.actor_id, table.event, table.data, table.created_at, table.attempts)
    return select(*columns).where(*_WAITING).order_by(table.id).limit(limit)


def _claim(limit: int) -> Any:
    """Lock the ids of the oldest that nobody else has locked, until the end of the transaction.

    Not the rows: whoever reads a notification marks it, and should not wait for a message queue that is away.
    """
    oldest = select(Notification.id).where(*_WAITING).order_by(Notification.id).limit(_WINDOW * limit).subquery()
    return select(oldest.c.id).where(func.pg_try_advisory_xact_lock(oldest.c.id)).limit(limit)


def _oldest(database: Database, limit: int) -> Sequence[Any]:
    with database.reading() as connection:
        return connection.execute(_waiting(limit)).all()


@contextmanager
def _only_dispatcher(database: Database) -> Iterator[bool]:
    """Hold a lock file beside the SQLite file, which the kernel releases when its holder dies."""
    path = f"{database.engine.url.database}.dispatch"
    with open(path, "a") as file:
        yield _lock(file)


def _lock(file: IO[str]) -> bool:
    """Wait shortly for the lock: its holder may have looked for the last time just before our row was committed."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        else:
            return True
