"""Compare Redis with the database, to notice when one of them comes back with older data. See core.epochs."""

import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, case, insert, select, update

from core.cache import RedisError
from core.db import Database
from core.epochs import Epochs, Tick, Unverified, is_unverified
from core.models import DispatchState

log = logging.getLogger(__name__)

T = TypeVar("T")

_ROW_ID = 1
_is_the_row = DispatchState.id == _ROW_ID


def verified(database: Database, epochs: Epochs, act: Callable[[], T], *, is_patient: bool = True) -> T:
    """Call `act`. Where Redis' data is unverified, compare it with the database and call `act` once more."""
    try:
        return act()
    except RedisError as error:
        if not is_unverified(error):
            raise
        log.info("comparing Redis with the database, as after each start of Redis: %s", error)
    with database.transaction() as connection:
        establish(connection, epochs, is_patient=is_patient)
    return act()


def establish(connection: Connection, epochs: Epochs, *, is_patient: bool = True) -> None:
    """Compare Redis with the database, under a lock, and agree on an epoch in which both continue.

    Without `is_patient` it does nothing while another process holds the lock and compares.
    """
    columns = (DispatchState.epoch, DispatchState.sequence)
    the_row = select(*columns).where(_is_the_row).with_for_update(skip_locked=not is_patient)
    row = connection.execute(the_row).one_or_none()
    if row is None:
        if connection.execute(select(DispatchState.id).where(_is_the_row)).one_or_none() is not None:
            return
        # This fails where another process has inserted the row meanwhile; the caller then tries again.
        connection.execute(insert(DispatchState).values(id=_ROW_ID))
        epoch, sequence = None, 0
    else:
        epoch, sequence = row
    agreed = epochs.establish(epoch=epoch, sequence=sequence)
    now = {"epoch": agreed.epoch, "server": agreed.server, "sequence": sequence if agreed.epoch == epoch else 0}
    connection.execute(update(DispatchState).where(_is_the_row).values(now))


def check(connection: Connection, epochs: Epochs) -> None:
    """Raise an error of epochs.is_unverified where Redis or the database came back with older data."""
    row = connection.execute(select(DispatchState.epoch, DispatchState.sequence).where(_is_the_row)).one_or_none()
    epochs.check(*(row or (None, 0)))


def commit(connection: Connection, tick: Tick) -> None:
    """Remember a write to the histories; raise Unverified where the histories may have lost it.

    That is possible where Redis was verified again after the write, or where the database lost an earlier commit.
    """
    table = DispatchState
    is_unchanged = (table.epoch == tick.at.epoch, table.server == tick.at.server, table.sequence >= tick.committed)
    newest = case((table.sequence > tick.sequence, table.sequence), else_=tick.sequence)
    if not connection.execute(update(table).where(_is_the_row, *is_unchanged).values(sequence=newest)).rowcount:
        raise Unverified("Redis or the database may have lost what was dispatched")
