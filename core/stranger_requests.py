"""Requests: what strangers did, as long as the recipient has neither let it in nor refused it."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal_column, not_, null, select, update

from core import group_members, payloads, user_ids
from core.db import among
from core.inbox_filters import Filter, is_one_of
from core.inbox_states import TIMES
from core.models import DROPPED, FILTERED, Notification
from core.unread import MOST

STATE = "requests"  # of a list
_table = Notification
_IS_REQUEST = (_table.not_sent == FILTERED, _table.withdrawn_at.is_(None))


def page(
    connection: Connection, user_id: str, filter: Filter, *, muted: Collection[str], limit: int, before: int | None
) -> list[Any]:
    """Return a user's requests as inbox.page returns notifications. Those of muted people are left out.

    Of the filter, only the category counts. Raise inbox_filters.UnknownCategory.
    """
    its = _listed(connection, user_id, filter, muted)
    if before is not None:
        its.append(_table.id < before)
    rows = (
        select(*payloads.COLUMNS, *TIMES, *group_members.KEY_COLUMNS)
        .where(*its)
        .order_by(_table.id.desc())
        .limit(limit)
    )
    return list(connection.execute(rows))


def count(connection: Connection, user_id: str, filter: Filter, *, muted: Collection[str]) -> int:
    """Count what `page` lists: exact up to 999; 1000 means "1,000 or more". Raise inbox_filters.UnknownCategory."""
    its = _listed(connection, user_id, filter, muted)
    some = select(literal_column("1")).select_from(_table).where(*its).limit(MOST).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def let_in(connection: Connection, user_id: str, ids: Sequence[int]) -> frozenset[str]:
    """Put a user's own requests into the inbox; return who did these things. Other ids are ignored.

    They are in the outbox again, so that the next dispatch pushes them, silently.
    """
    again = {
        "not_sent": null(),
        "pushed_at": _table.dispatched_at,
        "dispatched_at": null(),
        "attempts": 0,
        "retry_at": null(),
        "failure_reason": null(),
    }
    return _people(_change(connection, user_id, ids, again))


def refuse(connection: Connection, user_id: str, ids: Sequence[int]) -> None:
    """Take a user's own requests out of the list for good. Other ids are ignored."""
    _change(connection, user_id, ids, {"not_sent": DROPPED})


def _listed(connection: Connection, user_id: str, filter: Filter, muted: Collection[str]) -> list[ColumnElement[bool]]:
    its = [_table.recipient_id == user_id, *_IS_REQUEST, is_one_of(filter.names())]
    if muted:
        its.append(not_(among(connection, _table.actor_id, sorted(muted))))
    return its


def _change(connection: Connection, user_id: str, ids: Sequence[int], values: dict[str, Any]) -> Iterable[Any]:
    its = (_table.recipient_id == user_id, among(connection, _table.id, ids), *_IS_REQUEST)
    # Lock the rows in the order of inbox_marks.mark, so that the two cause no deadlock.
    in_order = select(_table.id).where(*its).order_by(_table.id).with_for_update()
    changed = update(_table).where(_table.id.in_(in_order)).values(values)
    return connection.execute(changed.returning(_table.actor_id)).scalars()


def _people(actors: Iterable[Any]) -> frozenset[str]:
    return frozenset(actor for actor in actors if user_ids.is_valid(actor))
