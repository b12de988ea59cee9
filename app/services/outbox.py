"""What is committed and not yet pushed. The rows are those of the inbox."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Float,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    update,
)

from app import file_lock
from app.db import Database, among, unix_time
from app.epochs import Tick
from app.models import Notification
from app.services import dispatch_state, payloads

_LOCK_SECONDS = 2
_PAUSES_SECONDS = (10, 60, 300, 1800)  # after each failure but the last: a rolling release may take half an hour
_MOST_ATTEMPTS = len(_PAUSES_SECONDS) + 1
_LONGEST_REASON = 500  # characters
_WINDOW = 5  # so many dispatchers find a batch of their own; PostgreSQL tries a lock for each id it looks at
WAITING = (Notification.dispatched_at.is_(None), Notification.set_aside_at.is_(None))
_DUE = (*WAITING, or_(Notification.retry_at.is_(None), Notification.retry_at <= unix_time()))
# Of locks by number there is one space for all schemas of a database. With its table's own number mixed in, an id
# hardly ever meets one of another schema; where it does, one of the two waits for the next dispatch.
_LOCK_SPACE: Any = literal_column("('notifications'::regclass::oid::bigint << 40)", BigInteger)
# A server that only reads refuses it. Nothing may be pushed there that can't be marked, and nothing new will come.
_NO_CHANGE = update(Notification).where(false()).values(attempts=0).cte("no_change")


@contextmanager
def claim(database: Database, *, limit: int) -> Iterator["Batch"]:
    """Claim the oldest notifications that are due, for the time of the block, and for nobody else.

    Whatever ends the block, the process's death too, ends the claim. An error leaves all of them waiting.
    """
    if database.is_sqlite:
        # Shortly: the holder may have looked for the last time just before our row was committed.
        with file_lock.held(f"{database.engine.url.database}.dispatch", seconds=_LOCK_SECONDS) as is_free:
            yield Batch(database, None, _oldest(database, limit) if is_free else [])
        return
    with database.transaction() as connection:
        claimed = connection.execute(_claim(limit)).scalars().all()
        # Asked anew: one that was still waiting above may have been dispatched and let go before it was claimed.
        found = _due(limit).where(among(connection, Notification.id, claimed))
        rows = connection.execute(found).all() if claimed else []
        yield Batch(database, connection, rows)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a notification could not be pushed; `is_final` where trying again can't help."""

    notification_id: int
    error: Exception
    is_final: bool = False

    @property
    def reason(self) -> str:
        """Say it in one line that any database takes and any terminal shows."""
        text = f"{type(self.error).__name__}: {self.error}"[:_LONGEST_REASON]
        return "".join(letter if letter.isprintable() else " " for letter in text)


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

    @contextmanager
    def part(self) -> Iterator[None]:
        """Undo in the database what an error leaves half done in this block, and keep what was marked before it."""
        if self._connection is None:
            yield  # on SQLite each transaction is over when it was marked
        else:
            with self._connection.begin_nested():
                yield

    def mark(self, *, dispatched: Sequence[int], failed: Sequence[Failure], tick: Tick | None = None) -> None:
        """Take what was dispatched out of the outbox; dead-letter what has failed for good or too often.

        All else that failed is due again after a pause, which grows with each failure. `tick` is that of the write to
        the histories; raise epochs.Unverified where that may have been lost since, and mark nothing.
        """
        now = int(time.time())
        table = Notification
        with self.connection() as connection:
            # In the order of inbox.mark_read: two that wait for each other's rows would end in a deadlock.
            ids = [*dispatched, *(failure.notification_id for failure in failed)]
            both = select(table.id).where(among(connection, table.id, ids)).order_by(table.id).with_for_update()
            if failed:
                connection.execute(both)
                connection.execute(_count_failure(now), [_parameters(failure) for failure in failed])
            if dispatched:
                among_them = among(connection, table.id, dispatched)
                is_done = among_them if failed else table.id.in_(both)
                connection.execute(update(table).where(is_done).values(dispatched_at=now))
            if tick is not None:
                dispatch_state.commit(connection, tick)  # last, since everybody who dispatches waits for this row


def depth(connection: Connection) -> tuple[int, int, int]:
    """Return how many wait, how many seconds the oldest has waited, and how many dead letters there are."""
    created_at = cast(Notification.created_at, BigInteger)  # in SQLite it may be anything
    waiting, oldest = connection.execute(select(func.count(), func.min(created_at)).where(*WAITING)).one()
    aside = connection.execute(select(func.count()).where(Notification.set_aside_at.is_not(None))).scalar_one()
    return waiting, max(0, int(time.time()) - oldest) if oldest else 0, aside


def find(connection: Connection, notification_id: int) -> Any:
    """Return all that is known of one notification, or None."""
    table = Notification
    rest = (table.recipient_id, table.read_at, table.dispatched_at, table.attempts, table.retry_at, table.set_aside_at)
    row = select(*payloads.COLUMNS, *rest, table.failure_reason).where(table.id == notification_id)
    return connection.execute(row).one_or_none()


def had_before(connection: Connection, user_ids: Sequence[int]) -> list[int]:
    """Return those of these users to whom something was dispatched before."""
    table = Notification
    earlier = select(table.recipient_id).where(
        among(connection, table.recipient_id, user_ids), table.dispatched_at.is_not(None)
    )
    return list(connection.execute(earlier.distinct()).scalars())


def _count_failure(now: int) -> Any:
    table = Notification
    is_last = or_(bindparam("is_final"), table.attempts >= _MOST_ATTEMPTS - 1)
    pause = case(dict(enumerate(_PAUSES_SECONDS)), value=table.attempts, else_=_PAUSES_SECONDS[0])
    counted = {
        "attempts": case((table.attempts < _MOST_ATTEMPTS, table.attempts + 1), else_=table.attempts),
        "set_aside_at": case((is_last, now)),
        "retry_at": case((not_(is_last), unix_time() + cast(pause * bindparam("jitter", type_=Float), BigInteger))),
        "failure_reason": bindparam("reason"),
    }
    return update(table).where(table.id == bindparam("failed")).values(counted)


def _parameters(failure: Failure) -> dict[str, object]:
    return {
        "failed": failure.notification_id,
        "reason": failure.reason,
        "is_final": failure.is_final,
        "jitter": random.uniform(1, 1.5),  # noqa: S311
    }


def _due(limit: int) -> Any:
    columns = (*payloads.COLUMNS, Notification.recipient_id, Notification.attempts)
    return select(*columns).where(*_DUE).order_by(Notification.id).limit(limit)


def _claim(limit: int) -> Any:
    """Lock the ids of the oldest that nobody else has locked, until the end of the transaction.

    Not the rows: whoever reads a notification marks it, and should not wait for a message queue that is away.
    """
    oldest = select(Notification.id).where(*_DUE).order_by(Notification.id).limit(_WINDOW * limit).subquery()
    locked = select(oldest.c.id).where(func.pg_try_advisory_xact_lock(_LOCK_SPACE.op("#")(oldest.c.id))).limit(limit)
    return locked.add_cte(_NO_CHANGE)


def _oldest(database: Database, limit: int) -> Sequence[Any]:
    with database.reading() as connection:
        return connection.execute(_due(limit)).all()
