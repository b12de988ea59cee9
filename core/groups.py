"""Groups of notifications, such as "Ann and 9 others", and when the sockets of their users are told of them.

A group is open while its newest shown member is neither read nor archived, and its first is no older than the window;
or while its sockets are still to be told of a member. What is dispatched then joins it. Otherwise a new group begins.
Sockets are told of each group at once, but no more often than every few seconds: what comes in between is due later.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_, case, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from core import group_members, payloads, value_lists
from core.db import Database, among, unix_time
from core.group_members import Members
from core.group_texts import MOST
from core.inbox_filters import IS_LISTED, IS_SHOWN
from core.models import Notification, NotificationGroup

_DELETED_AT_ONCE = 1000
_KEPT_SECONDS = 3600  # after a group was told: longer than GROUP_SECONDS may be
PAUSE_SECONDS = 60  # before another attempt to tell a group that can't be built

_table, _n = NotificationGroup, Notification
_PRIMARY_KEY = (_table.recipient_id, _table.event, _table.group_key)
_KEY_COLUMNS: value_lists.Columns = (("recipient_id", str), ("event", str), ("group_key", str))
_NEW = (*_KEY_COLUMNS, ("group_id", int))
_SETTLED = (*_NEW, ("opened_at", int), ("due_at", int), ("is_loud", int))

Key = tuple[str, str, str]  # the recipient, the event's name, and the filled text


@dataclass(frozen=True, slots=True)
class Group:
    """An open group, as it is before a batch. `due_at` is None where nothing is to be told."""

    key: Key
    id: int
    opened_at: int
    told_at: int | None
    due_at: int | None
    is_loud: bool
    now: int  # by the database's clock

    def may_be_told(self, seconds: int) -> bool:
        """Say whether it was not told within the last seconds."""
        return self.told_at is None or self.told_at + seconds <= self.now


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of a group. Without `due_at` it was told just now."""

    group: Group
    due_at: int | None = None
    is_loud: bool = False


def find_or_open(connection: Connection, first_ids: Mapping[Key, int], *, window_seconds: int) -> dict[Key, Group]:
    """Return the open group of each key, locked on PostgreSQL. A new one has the id of its first notification.

    The caller settles each, also one that is new.
    """
    # Sorted, so that two dispatchers wait for each other in one order, without a deadlock.
    given = sorted((*key, id_) for key, id_ in first_ids.items())
    parameters = value_lists.parameters(connection, _NEW, given)
    locked = [_group(row) for row in connection.execute(_lock(connection.dialect.name), parameters)]
    old = [group for group in locked if group.id != first_ids[group.key]]
    unread = _with_unread(connection, [group.key for group in old])
    found = {group.key: group for group in locked}
    for group in old:
        is_young = group.opened_at + window_seconds > group.now or group.due_at is not None
        if group.key not in unread or not is_young:
            found[group.key] = Group(group.key, first_ids[group.key], group.now, group.told_at, None, False, group.now)
    return found


def members_of(connection: Connection, groups: Iterable[Group]) -> dict[Key, Members]:
    """Return what is marked as a member of each group and listed in the inbox, with all actors that are counted."""
    given = sorted((*group.key, group.id) for group in groups)
    if not given:
        return {}
    rows = connection.execute(_members(connection.dialect.name), value_lists.parameters(connection, _NEW, given))
    return {(row.recipient_id, row.event, row.group_key): group_members.read(row) for row in rows}


def settle(connection: Connection, settled: Sequence[Settled]) -> None:
    """Write what became of groups."""
    if not settled:
        return
    rows = sorted(
        (*one.group.key, one.group.id, one.group.opened_at, one.due_at or 0, int(one.is_loud)) for one in settled
    )
    connection.execute(_settle(connection.dialect.name), value_lists.parameters(connection, _SETTLED, rows))


def due(connection: Connection, *, limit: int) -> list[Group]:
    """Return groups that are due to be told, the oldest first, locked on PostgreSQL. What others have is left out."""
    is_due = (_table.due_at.is_not(None), _table.due_at <= unix_time())
    found = select(_table, unix_time().label("now")).where(*is_due).order_by(_table.due_at).limit(limit)
    return [_group(row) for row in connection.execute(found.with_for_update(skip_locked=True))]


def is_any_due(connection: Connection) -> bool:
    """Say whether a group is due to be told."""
    found = select(_table.group_id).where(_table.due_at.is_not(None), _table.due_at <= unix_time()).limit(1)
    return connection.execute(found).first() is not None


def rows_of(connection: Connection, ids: Sequence[int | None]) -> Sequence[Any]:
    """Return notifications as rows of payloads.COLUMNS, each with its `read_at`."""
    known = [id_ for id_ in ids if id_ is not None]
    found = select(*payloads.COLUMNS, _n.read_at).where(among(connection, _n.id, known))
    return connection.execute(found).all() if known else []


def drop(connection: Connection, groups: Sequence[Group]) -> None:
    """Tell nothing of groups of which there is nothing new any more."""
    _change(connection, groups, {"due_at": None, "is_loud": False})


def put_off(connection: Connection, groups: Sequence[Group]) -> None:
    """Let groups be due again after a pause."""
    _change(connection, groups, {"due_at": unix_time() + PAUSE_SECONDS})


def depth(connection: Connection) -> tuple[int, int]:
    """Return how many groups are to be told, up to 1000, and for how many seconds the oldest has been due."""
    waiting = select(_table.due_at).where(_table.due_at.is_not(None)).order_by(_table.due_at).limit(MOST).subquery()
    counted = select(func.count(), unix_time() - func.min(waiting.c.due_at)).select_from(waiting)
    count, oldest = connection.execute(counted).one()
    return count, max(0, oldest or 0)


def delete_old(database: Database, *, window_seconds: int) -> int:
    """Delete groups that are closed by their age, in parts; return how many. Their members stay."""
    oldest = unix_time() - max(window_seconds, _KEPT_SECONDS)
    is_old = (
        _table.opened_at <= oldest,
        _table.due_at.is_(None),
        or_(_table.told_at.is_(None), _table.told_at <= unix_time() - _KEPT_SECONDS),
    )
    some = select(*_PRIMARY_KEY).where(*is_old).limit(_DELETED_AT_ONCE).with_for_update(skip_locked=True)
    deleted = 0
    while True:
        with database.transaction() as connection:
            count = connection.execute(delete(_table).where(tuple_(*_PRIMARY_KEY).in_(some))).rowcount
        deleted += count
        if count < _DELETED_AT_ONCE:
            return deleted


def _with_unread(connection: Connection, keys: Sequence[Key]) -> set[Key]:
    """Return the keys whose group has a newest shown member that is neither read nor archived.

    It is a statement of its own: that which locked may have waited, and does not see what was committed meanwhile.
    """
    if not keys:
        return set()
    parameters = value_lists.parameters(connection, _KEY_COLUMNS, sorted(keys))
    return {tuple(row) for row in connection.execute(_unread(connection.dialect.name), parameters)}


def _change(connection: Connection, groups: Sequence[Group], values: Mapping[str, Any]) -> None:
    for group in groups:  # few at a time
        is_it = and_(*(column == value for column, value in zip(_PRIMARY_KEY, group.key, strict=True)))
        connection.execute(update(_table).where(is_it, _table.group_id == group.id).values(values))


def _group(row: Any) -> Group:
    recipient_id, event, text, group_id, opened_at, told_at, due_at, is_loud, now = row  # by name takes longer
    return Group((recipient_id, event, text), group_id, opened_at, told_at, due_at, bool(is_loud), now)


# Each statement is built once: it is a part of each dispatch, and building takes longer than the rest.


@cache
def _lock(dialect: str) -> Any:
    kind: Any = sqlite if dialect == "sqlite" else postgresql
    given = value_lists.table_of(dialect, _NEW)
    values = {name: given.c[name] for name, _ in _NEW} | {"opened_at": unix_time()}
    # SQLite needs a condition between the table and ON CONFLICT.
    new = kind.insert(_table).from_select(
        list(values), select(*values.values()).where(given.c.group_id > 0), include_defaults=False
    )
    same = {"group_id": _table.group_id}  # only locks it, and returns it
    locked = new.on_conflict_do_update(index_elements=[name for name, _ in _KEY_COLUMNS], set_=same)
    return locked.returning(*_table.__table__.c, unix_time().label("now"))


@cache
def _unread(dialect: str) -> Any:
    given = value_lists.table_of(dialect, _KEY_COLUMNS)
    members = (
        _n.recipient_id == _table.recipient_id,
        _n.group_key == _table.group_key,
        _n.group_id == _table.group_id,
        *IS_SHOWN,
    )
    is_unread = and_(_n.read_at.is_(None), _n.archived_at.is_(None))
    newest = select(is_unread).where(*members).order_by(_n.id.desc()).limit(1).correlate(_table).scalar_subquery()
    return select(*_PRIMARY_KEY).join_from(_table, given, _is_given(given)).where(newest)


@cache
def _members(dialect: str) -> Any:
    given = value_lists.table_of(dialect, _NEW)
    columns = group_members.columns(given, IS_LISTED, dialect=dialect, actors=MOST)
    return select(*(given.c[name] for name, _ in _KEY_COLUMNS), *columns)


@cache
def _settle(dialect: str) -> Any:
    given = value_lists.table_of(dialect, _SETTLED)
    is_told = given.c.due_at == 0
    values = {
        "group_id": given.c.group_id,
        "opened_at": given.c.opened_at,
        "told_at": case((is_told, unix_time()), else_=_table.told_at),
        "due_at": case((is_told, None), else_=given.c.due_at),
        "is_loud": given.c.is_loud == 1,
    }
    return update(_table).where(_is_given(given)).values(values)


def _is_given(given: Any) -> Any:
    return and_(*(column == given.c[column.key] for column in _PRIMARY_KEY))
