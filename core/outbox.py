"""The outbox: committed notifications, and withdrawals of them, that are not pushed yet. Its rows are the inbox's."""

import time
from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    case,
    cast,
    false,
    func,
    or_,
    select,
    update,
)

from core import (
    dispatch_state,
    file_lock,
    groups,
    lock_numbers,
    outbox_failures,
    payloads,
    preferences,
    value_lists,
    web_pushes,
)
from core.db import Database, among, unix_time
from core.epochs import Tick
from core.models import Notification
from core.outbox_failures import Failure

__all__ = [
    "NOT_SENT",
    "WAITING",
    "Batch",
    "Failure",
    "UnknownNotification",
    "alone",
    "claim",
    "depth",
    "find",
    "had_before",
]

_LOCK_SECONDS = 2
_NO_LIFETIMES: Mapping[int, Sequence[int]] = MappingProxyType({})
_NOTHING: Mapping[str, Sequence[int]] = MappingProxyType({})
_GROUPED: value_lists.Columns = (("id", int), ("group_key", str), ("group_id", int))
NOT_SENT = "not sent: should_send of the event said no"  # a failure_reason
_MOST_DISPATCHERS = 5  # each finds a batch of its own; PostgreSQL tries a lock for each id that it reads
WAITING = (Notification.dispatched_at.is_(None), Notification.dead_lettered_at.is_(None))
_DUE = (*WAITING, or_(Notification.retry_at.is_(None), Notification.retry_at <= unix_time()))
_COLUMNS = (
    *payloads.COLUMNS,
    Notification.recipient_id,
    Notification.attempts,
    Notification.withdrawn_at,
    Notification.archived_at,
    Notification.pushed_at,
    # What the recipient chose comes beside the row, which saves a batch a statement of its own.
    preferences.beside(Notification.recipient_id).label("preferences"),
)
# A dispatch looks at some twenty columns of each row. SQLAlchemy's rows take ten times as long for each.
_Row = namedtuple("_Row", [column.key for column in _COLUMNS])  # type: ignore[misc]
# A read-only server refuses this change, so that nothing is pushed that can't be marked. It gets no new rows either.
_NO_CHANGE = update(Notification).where(false()).values(attempts=0).cte("no_change")


class UnknownNotification(Exception):
    """There is no notification with this id."""


@contextmanager
def claim(database: Database, *, limit: int) -> Iterator["Batch"]:
    """Claim the oldest notifications that are due, so that no other process takes them during the block.

    The claim ends with the block, also when the process dies. After an error all of them still wait.
    """
    if database.is_sqlite:
        # Wait for a short time: the holder may have read the outbox just before our row was committed.
        with alone(database) as is_free:
            yield Batch(database, None, _oldest(database, limit) if is_free else [])
        return
    with database.transaction() as connection:
        claimed = connection.execute(_claim(connection, limit)).scalars().all()
        # Read again: another process may have dispatched and released a row between the read and the lock above.
        found = _due(limit).where(among(connection, Notification.id, claimed))
        yield Batch(database, connection, _rows(connection, found) if claimed else [])


@contextmanager
def alone(database: Database) -> Iterator[bool]:
    """Say whether nobody dispatches on SQLite during the block. On PostgreSQL several may do so at once."""
    if database.is_sqlite:
        with file_lock.held(f"{database.engine.url.database}.dispatch", seconds=_LOCK_SECONDS) as is_free:
            yield is_free
    else:
        yield True


class Batch:
    """Claimed notifications, in the order of their ids."""

    def __init__(self, database: Database, connection: Connection | None, rows: Sequence[Any]) -> None:
        self.rows = rows
        self._withdrawals = {row.id for row in rows if row.withdrawn_at is not None}
        self._database = database
        self._connection = connection

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Yield the connection to read and mark with.

        On PostgreSQL it is the connection that holds the claim. On SQLite, and for a part, it is a short transaction of
        its own: an open one would make others wait during the push.
        """
        if self._connection is not None:
            yield self._connection
        else:
            with self._database.transaction() as connection:
                yield connection

    def part(self, rows: Sequence[Any]) -> "Batch":
        """Return a part that is marked in transactions of its own, within the claim of this batch.

        It keeps no row locked while the other parts are pushed. Its changes stay, whatever becomes of those.
        """
        return Batch(self._database, None, rows)

    def mark(
        self,
        *,
        dispatched: Sequence[int],
        failed: Sequence[Failure],
        not_sent: Sequence[int] = (),
        to_devices: Sequence[int] = (),
        held_back: Mapping[str, Sequence[int]] = _NOTHING,
        lifetimes: Mapping[int, Sequence[int]] = _NO_LIFETIMES,
        grouping: groups.Grouping = groups.NO_GROUPS,
        tick: Tick | None = None,
    ) -> None:
        """Take dispatched notifications out of the outbox; dead-letter those that failed finally or too often.

        Those that their event did not want to send count as dispatched, with the reason NOT_SENT. So do those that
        their recipients did not want, which are `held_back` by reason. A notification that was withdrawn since the
        claim stays in the outbox, as a withdrawal, whatever came of it. Those of `to_devices` are also due for Web
        Push, now or later: see core.web_pushes.

        `lifetimes` says by seconds which of the dispatched ones expire, and `grouping` in which groups they are. The
        other failures are due again after a pause, which grows with each attempt. `tick` is that of the write to the
        histories: raise epochs.Unverified and mark nothing where the histories may have lost this write.
        """
        now = int(time.time())
        table = Notification
        with self.connection() as connection:
            is_as_claimed = self._is_as_claimed(connection)
            grouped = groups.write(connection, grouping)  # first: this order of locks is that of all dispatchers
            # Lock the rows in the order of inbox_marks.mark, so that the two cause no deadlock.
            unsent = [*not_sent, *chain.from_iterable(held_back.values())]
            ids = [*dispatched, *unsent, *(failure.notification_id for failure in failed)]
            both = select(table.id).where(among(connection, table.id, ids)).order_by(table.id).with_for_update()
            plain = [id_ for id_ in dispatched if id_ not in grouped]
            is_locked = bool(failed or unsent or (grouped and plain))
            if is_locked:
                connection.execute(both)
            if failed:
                outbox_failures.count(connection, failed, self._withdrawals, now)
            times = {
                "dispatched_at": case((is_as_claimed, now)),
                "pushed_at": case((is_as_claimed, table.pushed_at), else_=now),
                "failure_reason": None,
            }
            if plain:
                is_done = among(connection, table.id, plain) if is_locked else table.id.in_(both)
                connection.execute(update(table).where(is_done).values(times))
            if grouped:
                given = value_lists.table_of(connection.dialect.name, _GROUPED)
                is_done = table.id == given.c.id if is_locked else and_(table.id == given.c.id, table.id.in_(both))
                joined = times | {"group_key": given.c.group_key, "group_id": given.c.group_id}
                rows = [(id_, *group) for id_, group in grouped.items()]
                connection.execute(
                    update(table).where(is_done).values(joined), value_lists.parameters(connection, _GROUPED, rows)
                )
            for seconds, those in lifetimes.items():
                expires_at = cast(table.created_at, BigInteger) + seconds
                connection.execute(
                    update(table).where(among(connection, table.id, those)).values(expires_at=expires_at)
                )
            if not_sent:
                done = {"dispatched_at": now, "failure_reason": NOT_SENT}
                are_done = (among(connection, table.id, not_sent), is_as_claimed)
                connection.execute(update(table).where(*are_done).values(done))
            if to_devices:
                web_pushes.plan(connection, to_devices)
            for reason, those in held_back.items():
                done = {"dispatched_at": now, "not_sent": reason, "failure_reason": None}
                are_done = (among(connection, table.id, those), is_as_claimed)
                connection.execute(update(table).where(*are_done).values(done))
            if tick is not None:
                dispatch_state.commit(connection, tick)  # last, since all dispatchers wait for this row

    def _is_as_claimed(self, connection: Connection) -> ColumnElement[bool]:
        """Select rows that nobody has withdrawn since they were claimed."""
        is_not_withdrawn = Notification.withdrawn_at.is_(None)
        if not self._withdrawals:
            return is_not_withdrawn
        return or_(is_not_withdrawn, among(connection, Notification.id, sorted(self._withdrawals)))


def depth(connection: Connection) -> tuple[int, int, int]:
    """Return how many notifications wait, how many seconds the oldest waits, and how many dead letters there are."""
    since = func.coalesce(Notification.withdrawn_at, cast(Notification.created_at, BigInteger))  # SQLite: any type
    waiting, oldest = connection.execute(select(func.count(), func.min(since)).where(*WAITING)).one()
    dead = connection.execute(select(func.count()).where(Notification.dead_lettered_at.is_not(None))).scalar_one()
    return waiting, max(0, int(time.time()) - oldest) if oldest else 0, dead


def find(connection: Connection, notification_id: int) -> Any:
    """Return all columns of one notification, or None."""
    table = Notification
    rest = (
        table.recipient_id,
        func.coalesce(table.seen_at, table.read_at).label("seen_at"),
        table.read_at,
        table.dispatched_at,
        table.attempts,
        table.retry_at,
        table.dead_lettered_at.label("dead_lettered_at"),
        table.withdrawn_at,
        table.not_sent,
    )
    row = select(*payloads.COLUMNS, *rest, table.failure_reason).where(table.id == notification_id)
    return connection.execute(row).one_or_none()


def had_before(connection: Connection, user_ids: Sequence[str]) -> list[str]:
    """Return the users among these who had a notification dispatched before."""
    table = Notification
    is_dispatched = and_(table.dispatched_at.is_not(None), table.not_sent.is_(None))
    # What a user has let in has a `pushed_at` as well, but was never in a history before.
    is_pushed = or_(is_dispatched, and_(table.pushed_at.is_not(None), table.withdrawn_at.is_not(None)))
    earlier = select(table.recipient_id).where(among(connection, table.recipient_id, user_ids), is_pushed)
    return list(connection.execute(earlier.distinct()).scalars())


def _due(limit: int) -> Any:
    return select(*_COLUMNS).where(*_DUE).order_by(Notification.id).limit(limit)


def _claim(connection: Connection, limit: int) -> Any:
    """Lock the ids of the oldest due rows that no other process has locked, until the end of the transaction.

    Lock ids and not rows: a user who marks a notification as read would wait for an unavailable message queue.
    """
    oldest = select(Notification.id).where(*_DUE).order_by(Notification.id).limit(_MOST_DISPATCHERS * limit).subquery()
    is_ours = lock_numbers.try_lock(connection, "notifications", oldest.c.id)
    locked = select(oldest.c.id).where(is_ours).limit(limit)
    return locked.add_cte(_NO_CHANGE)


def _oldest(database: Database, limit: int) -> Sequence[Any]:
    with database.reading() as connection:
        return _rows(connection, _due(limit))


def _rows(connection: Connection, found: Any) -> list[Any]:
    return [_Row._make(row) for row in connection.execute(found)]
