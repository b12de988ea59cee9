"""Whether a web push may be sent now. Everything that can say no, or not yet, says it here."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from core import declarations, preferences
from core.event_data import UnknownEvent
from core.preferences import Preferences

_LONGEST_TTL = 24 * 3600  # a notification of last week, shown when a phone is switched on, is no news
_QUIET_SECONDS = 300  # until it is asked again whether the quiet hours are over
NEVER = -1
NOW = 0


def decide(connection: Connection, rows: Sequence[Any]) -> list[int]:
    """Say for each of these web pushes: NOW, NEVER, or in how many seconds to ask again.

    The rows have the columns of core.web_pushes.COLUMNS. It is called once for a batch, so what needs the database,
    such as the quiet hours of the users, is read for all rows at once.
    """
    users = sorted({row.user_id for row in rows if row.user_id is not None})
    chosen = preferences.read_many(connection, users) if users else {}
    return [_decide_one(row, chosen.get(row.user_id, preferences.NOTHING_CHOSEN)) for row in rows]


def _decide_one(row: Any, chosen: Preferences) -> int:
    if not _is_wanted(row) or not chosen.is_on(declarations.find(row.event).declaration, "web_push"):
        return NEVER
    return _QUIET_SECONDS if chosen.is_quiet(float(row.now)) else NOW


def _is_wanted(row: Any) -> bool:
    """Say whether the notification is still news for the device's user."""
    if row.user_id is None or row.user_id != row.recipient_id:
        return False  # the subscription or the notification is gone, or the device has another user now
    ended = (row.seen_at, row.read_at, row.archived_at, row.withdrawn_at, row.not_sent)
    if row.dispatched_at is None or any(each is not None for each in ended):
        return False
    return seconds_left(row) > 0


def seconds_left(row: Any) -> int:
    """Return for how long a push service may keep a notification for a device that is off."""
    try:
        declaration = declarations.find(row.event).declaration
    except UnknownEvent:
        return 0
    if row.expires_at is not None:
        return min(_LONGEST_TTL, int(row.expires_at) - int(row.now))
    if declaration.expires_after is None:
        return _LONGEST_TTL
    age = int(row.now) - int(row.created_at)
    return min(_LONGEST_TTL, int(declaration.expires_after.total_seconds()) - age)
