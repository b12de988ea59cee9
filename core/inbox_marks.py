"""Marks notifications as seen, read or archived, and takes that back."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, null, or_, select, update

from core import declarations
from core.db import among
from core.inbox_filters import IS_SHOWN, Filter, arguments, is_one_of, newest_ids
from core.inbox_states import COLUMNS
from core.models import Notification

_BATCH = 2000  # rows that one transaction locks

_table = Notification
_IS_UNSEEN = and_(_table.seen_at.is_(None), _table.read_at.is_(None))


@dataclass(frozen=True, slots=True)
class Change:
    """What to mark: True sets the time, False takes it back, None leaves it as it is.

    What is read counts as seen. So `read` sets both times, and `seen=False` takes both back.
    """

    seen: bool | None = None
    read: bool | None = None
    archived: bool | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that all marked notifications have in common afterwards."""
        is_read = False if self.seen is False else self.read
        changed = zip(COLUMNS, (self.seen, is_read, self.archived), strict=True)
        return tuple(column for column, value in changed if value is not None)


def mark(connection: Connection, user_id: str, ids: Sequence[int], change: Change) -> list[int]:
    """Mark a user's own notifications; return the ids of those that changed, newest first. Other ids are ignored."""
    its = (_table.recipient_id == user_id, among(connection, _table.id, ids))
    # A column, and no condition: PostgreSQL would take the index of a state that few rows had a minute ago, and compare
    # each of the 100,000 that have it now with all the ids. OFFSET keeps the condition below from moving there.
    will_change = and_(*_may_change(change)).label("will_change")
    # Lock the rows in one order, so that two devices that mark the same rows at once cause no deadlock.
    in_order = select(_table.id, will_change).where(*its).order_by(_table.id).offset(0).with_for_update().subquery()
    values = _values(change, int(time.time()))
    changing = _table.id.in_(select(in_order.c.id).where(in_order.c.will_change))
    marked = update(_table).where(changing).values(values).returning(_table.id)
    return sorted(connection.execute(marked).scalars(), reverse=True)


def mark_groups(
    connection: Connection, user_id: str, ids: Sequence[int], change: Change, *, limit: int = _BATCH
) -> tuple[list[int], bool]:
    """Mark what is gathered under a user's own notifications: those of their groups that are not newer.

    Return the ids of those that changed, newest first, and whether there are more, for another call.
    """
    above = (_table.recipient_id == user_id, among(connection, _table.id, ids), _table.group_key.is_not(None))
    group = (_table.group_key, _table.group_id)
    newest = select(*group, func.max(_table.id).label("up_to")).where(*above).group_by(*group).subquery()
    gathered = and_(
        _table.recipient_id == user_id,
        _table.group_key == newest.c.group_key,
        _table.group_id == newest.c.group_id,
        _table.id <= newest.c.up_to,
    )
    found = select(_table.id).join_from(_table, newest, gathered).where(*_may_change(change))
    chosen = list(connection.execute(found.order_by(_table.id.desc()).limit(limit)).scalars())
    return mark(connection, user_id, chosen, change), len(chosen) == limit


def mark_batch(
    connection: Connection,
    user_id: str,
    filter: Filter,
    change: Change,
    *,
    limit: int = _BATCH,
    before: int | None = None,
) -> tuple[list[int], int | None]:
    """Mark the newest notifications of a filter with ids below `before`; return the ids of those that changed.

    The second value is the `before` of the next batch, and None after the last one. The caller commits each batch, so
    that nobody waits long for a user with many notifications. Raise UnknownCategory.
    """
    if before is None and filter.up_to is not None:
        before = filter.up_to + 1
    page = newest_ids(filter, _differs(change))
    ids = list(connection.execute(page, arguments(user_id, filter, limit=limit, before=before)).scalars())
    return mark(connection, user_id, ids, change), ids[-1] if len(ids) == limit else None


def _may_change(change: Change) -> tuple[ColumnElement[bool], ...]:
    return (*IS_SHOWN, is_one_of(declarations.known_names()), _differs(change))


@lru_cache  # newest_ids finds its statement by this object
def _differs(change: Change) -> ColumnElement[bool]:
    """Select what a change does change."""
    differing = []
    if change.seen is not None:
        differing.append(_IS_UNSEEN if change.seen else ~_IS_UNSEEN)
    for column, wanted in ((_table.read_at, change.read), (_table.archived_at, change.archived)):
        if wanted is not None:
            differing.append(column.is_(None) if wanted else column.is_not(None))
    return or_(*differing)


def _values(change: Change, now: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if change.archived is not None:
        values["archived_at"] = now if change.archived else null()
    if change.read is not None:
        values["read_at"] = now if change.read else null()
        values["seen_at"] = func.coalesce(_table.seen_at, now if change.read else _table.read_at)
    if change.seen is not None:
        values["seen_at"] = now if change.seen else null()
    if change.seen is False:
        values["read_at"] = null()
    return values
