"""What the database remembers of Redis' data, to notice when either comes back with older data. See app.epochs."""

import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, case, insert, select, update

from app.cache import RedisError
from app.db import Database
from app.epochs import Epochs, Tick, Unverified, is_unverified
from app.models import DispatchState

log = logging.getLogger(__name__)

T = TypeVar("T")

_THE_ROW = 1
_is_it = DispatchState.id == _THE_ROW


def verified(database: Database, epochs: Epochs, act: Callable[[], T], *, is_patient: bool = True) -> T:
    """Act; where Redis' data is unverified, compare it with the database and act once more."""
    try:
        return act()
    except RedisError as error:
        if not is_unverified(error):
            raise
        log.info("Redis and the database are compared, as after each start of Redis: %s", error)
    with database.transaction() as connection:
        establish(connection, epochs, is_patient=is_patient)
    return act()


def establish(connection: Connection, epochs: Epochs, *, is_patient: bool = True) -> None:
    """Compare Redis with the database, under a lock, and agree on an epoch in which both go on.

    Who is not patient leaves it to whoever holds the lock.
    """
    columns = (DispatchState.epoch, DispatchState.sequence)
    row = connection.execute(select(*columns).where(_is_it).with_for_update(skip_locked=not is_patient)).one_or_none()
    if row is None:
        if connection.execute(select(DispatchState.id).where(_is_it)).one_or_none() is not None:
            return
        connection.execute(insert(DispatchState).values(id=_THE_ROW))  # another who does the same fails, and comes back
        epoch, sequence = None, 0
    else:
        epoch, sequence = row
    verified = epochs.establish(epoch=epoch, sequence=sequence)
    now = {"epoch": verified.epoch, "server": verified.server, "sequence": sequence if verified.epoch == epoch else 0}
    connection.execute(update(DispatchState).where(_is_it).values(now))


def check(connection: Connection, epochs: Epochs) -> None:
    """Raise an error that epochs.is_unverified knows where Redis or the database came back with older data."""
    row = connection.execute(select(DispatchState.epoch, DispatchState.sequence).where(_is_it)).one_or_none()
    epochs.check(*(row or (None, 0)))


def commit(connection: Connection, tick: Tick) -> None:
    """Remember a write to the histories; raise Unverified where it can't be said to be in them any more.

    That is where Redis was verified anew since, or where the database has forgotten what it had committed before.
    """
    table = DispatchState
    is_whole = (table.epoch == tick.at.epoch, table.server == tick.at.server, table.sequence >= tick.committed)
    newest = case((table.sequence > tick.sequence, table.sequence), else_=tick.sequence)
    if not connection.execute(update(table).where(_is_it, *is_whole).values(sequence=newest)).rowcount:
        raise Unverified("what was dispatched may be lost from Redis, or from the database")
