"""What the sockets of a user are told of marks: how marked notifications are now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from core import events
from core.db import among
from core.inbox_filters import IS_SHOWN
from core.models import Notification

MOST_IDS = 1000  # in one event
COLUMNS = ("seen_at", "read_at", "archived_at")

# What is read counts as seen. The last release sets only `read_at`.
TIMES = (
    func.coalesce(Notification.seen_at, Notification.read_at).label("seen_at"),
    Notification.read_at,
    Notification.archived_at,
)


@dataclass(frozen=True, slots=True)
class Marked:
    """Notifications of one user in which the same columns have changed. `is_cut`: there are more than are named."""

    columns: tuple[str, ...]
    ids: Sequence[int]
    is_cut: bool = False


def told(connection: Connection, user_id: str, marked: Iterable[Marked]) -> list[events.State]:
    """Return the events that tell of marks.

    They say what the database holds now, and not what a mark has set. So who tells of an earlier mark after a later one
    tells nothing old.
    """
    changes = list(marked)
    ids = sorted({id_ for change in changes for id_ in change.ids})
    its = (Notification.recipient_id == user_id, among(connection, Notification.id, ids), *IS_SHOWN)
    rows = {row.id: row for row in connection.execute(select(Notification.id, *TIMES).where(*its))} if ids else {}
    return [event for change in changes for event in _events(change, rows)]


def _events(change: Marked, rows: Mapping[int, Any]) -> list[events.State]:
    """Return an event for all that have the same times."""
    by_times: dict[tuple[int | None, ...], list[int]] = {}
    for id_ in change.ids:
        if row := rows.get(id_):
            by_times.setdefault(tuple(getattr(row, column) for column in change.columns), []).append(id_)
    found: list[Any] = [
        {"ids": ids, **dict(zip(change.columns, times, strict=True))} for times, ids in by_times.items()
    ]
    if change.is_cut:
        found = found or [{"ids": []}]
        found[-1]["more"] = True
    return found
