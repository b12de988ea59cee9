"""Groups of notifications, such as "Ann and 9 others", and when the sockets of their users are told of them.

A group is open while its newest shown member is neither read nor archived, and its first is no older than the window;
or while its sockets are still to be told of a member. What is dispatched then joins it. Otherwise a new group begins.
Sockets are told of each group at once, but no more often than every few seconds: what comes in between is due later.

No row is locked while sockets are told: a slow message queue would stop every dispatcher that meets the same group. So
who tells a group reserves it first, for a while, and writes afterwards that it is told. Who finds it reserved only
joins it. `changes` shows who tells a group that others have joined it meanwhile; then it is told once more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    and_,
    bindparam,
    case,
    collate,
    delete,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from core import group_members, payloads, value_lists
from core.db import Database, among, unix_time
from core.group_members import GIVEN, GIVEN_KEY, Key
from core.group_texts import MOST
from core.inbox_filters import IS_SHOWN
from core.models import Notification, NotificationGroup

_DELETED_AT_ONCE = 1000
_KEPT_SECONDS = 3600  # after a group was told: longer than GROUP_SECONDS may be
_PAUSE_SECONDS = 60  # before another attempt to tell a group that can't be built or read
_RESERVED_SECONDS = 10  # for those who tell what is due: longer than most of them take

_table, _n = NotificationGroup, Notification
_PRIMARY_KEY = (_table.recipient_id, _table.event, _table.group_key)
_TOLD = (*GIVEN, ("changes", int))
_LATER = (*GIVEN, ("due_at", int), ("is_loud", int))
_PUT_OFF = (*GIVEN, ("tellings", int))
_SECONDS = bindparam("seconds", type_=BigInteger)
_RESERVED = {"told_at": unix_time(), "due_at": case((_table.due_at.is_not(None), unix_time() + _SECONDS))}
_IS_DUE = (_table.due_at.is_not(None), _table.due_at <= unix_time())


@dataclass(frozen=True, slots=True)
class Group:
    """An open group, as it is before it is changed. `due_at` is None where nothing is to be told."""

    key: Key
    id: int
    opened_at: int
    told_at: int | None
    due_at: int | None
    is_loud: bool
    tellings: int
    changes: int
    now: int  # by the database's clock


@dataclass(slots=True)
class Joining:
    """Notifications of one key that join its group when they are marked, and of which its sockets are told later."""

    ids: list[int]
    is_due: bool
    is_loud: bool


@dataclass(frozen=True, slots=True)
class Grouping:
    """What a batch makes of groups: those that it told, those that it could not tell, and what joins others."""

    seconds: int
    window_seconds: int
    told: Sequence[Group] = ()
    late: Sequence[tuple[Group, bool]] = ()  # whether one of its new members may show a toast
    grouped: Mapping[int, tuple[str, int]] = field(default_factory=dict)  # by id of a notification: text and id
    joining: Mapping[Key, Joining] = field(default_factory=dict)


NO_GROUPS = Grouping(0, 0)


def reserve(
    connection: Connection, first_ids: Mapping[Key, int], *, seconds: int, window_seconds: int
) -> dict[Key, Group]:
    """Return the open groups of those keys that were not told within the last seconds, and reserve them.

    A new group has the id of its first notification, and no changes. The caller commits, tells the groups, and calls
    `write`.
    """
    parameters = _parameters(connection, first_ids) | {"seconds": seconds}
    reserved = [_group(row) for row in connection.execute(_reserve(connection.dialect.name), parameters)]
    return _open(connection, reserved, first_ids, window_seconds)


def reserve_due(connection: Connection, *, limit: int) -> list[Group]:
    """Return groups that are due to be told, the oldest first, and reserve them. What others have is left out."""
    oldest = select(*_PRIMARY_KEY).where(*_IS_DUE).order_by(_table.due_at).limit(limit)
    is_ours = tuple_(*_PRIMARY_KEY).in_(oldest.with_for_update(skip_locked=True))
    found = update(_table).where(is_ours).values(_RESERVED).returning(*_table.__table__.c, unix_time())
    return [_group(row) for row in connection.execute(found, {"seconds": _RESERVED_SECONDS})]


def is_any_due(connection: Connection) -> bool:
    """Say whether a group is due to be told."""
    return connection.execute(select(_table.group_id).where(*_IS_DUE).limit(1)).first() is not None


def write(connection: Connection, grouping: Grouping) -> dict[int, tuple[str, int]]:
    """Write what a batch made of groups. Return by id in which group each notification is: its text and its id."""
    grouped = dict(grouping.grouped)
    later = [(*group.key, group.id, group.now + _PAUSE_SECONDS, int(is_loud)) for group, is_loud in grouping.late]
    for key, (joining, group) in _join(connection, grouping).items():
        grouped |= dict.fromkeys(joining.ids, (key[2], group.id))
        if joining.is_due:
            due_at = group.due_at or max(group.now, (group.told_at or 0) + grouping.seconds)
            later.append((*key, group.id, due_at, int(joining.is_loud)))
    write_told(connection, grouping.told, seconds=grouping.seconds, are_joined=True)
    _execute(connection, _later, _LATER, later)
    return grouped


def write_told(connection: Connection, told: Sequence[Group], *, seconds: int, are_joined: bool = False) -> None:
    """Write that sockets were told of reserved groups. Those that others have joined meanwhile are due again.

    That is after the seconds. `are_joined` says that the caller has new members for them.
    """
    rows = [(*group.key, group.id, group.changes) for group in told]
    _execute(connection, _told, _TOLD, rows, seconds=seconds, joined=int(are_joined))


def put_off(connection: Connection, late: Sequence[Group]) -> None:
    """Let reserved groups be due again after a pause, unless others have told them meanwhile."""
    _execute(connection, _put_off, _PUT_OFF, [(*group.key, group.id, group.tellings) for group in late])


def rows_of(connection: Connection, ids: Sequence[int]) -> Sequence[Any]:
    """Return notifications as rows of payloads.COLUMNS."""
    return connection.execute(select(*payloads.COLUMNS).where(among(connection, _n.id, ids))).all()


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


def _join(connection: Connection, grouping: Grouping) -> dict[Key, tuple[Joining, Group]]:
    if not (grouping.joining or grouping.late):
        return {}
    first_ids = {key: min(joining.ids) for key, joining in grouping.joining.items()}
    # Lock all at once: two dispatchers that lock in one order cause no deadlock.
    reserved = [*grouping.told, *(group for group, _ in grouping.late)]
    all_ids = first_ids | {group.key: group.id for group in reserved}
    locked = map(_group, connection.execute(_lock(connection.dialect.name), _parameters(connection, all_ids)))
    theirs = [group for group in locked if group.key in first_ids]
    found = _open(connection, theirs, first_ids, grouping.window_seconds)
    return {key: (joining, found[key]) for key, joining in grouping.joining.items()}


def _open(
    connection: Connection, groups: Sequence[Group], first_ids: Mapping[Key, int], window_seconds: int
) -> dict[Key, Group]:
    """Return these groups, and in place of each that takes no more a new one."""
    # What is due is open: its sockets are still to be told of a member.
    old = [group for group in groups if group.id != first_ids[group.key] and group.due_at is None]
    unread = _with_unread(connection, [group.key for group in old])
    closed = [group for group in old if group.key not in unread or group.opened_at + window_seconds <= group.now]
    if closed:
        again = {group.key: first_ids[group.key] for group in closed}
        connection.execute(_reopen(connection.dialect.name), _parameters(connection, again))
    new = [
        replace(group, id=first_ids[group.key], opened_at=group.now, due_at=None, is_loud=False, changes=0)
        for group in closed
    ]
    return {group.key: group for group in (*groups, *new)}


def _with_unread(connection: Connection, keys: Sequence[Key]) -> set[Key]:
    """Return the keys whose group has no shown member, or a newest one that is neither read nor archived.

    The dispatch that opened the group may not have marked its members yet. It is a statement of its own: that which
    locked may have waited, and does not see what was committed meanwhile.
    """
    if not keys:
        return set()
    parameters = value_lists.parameters(connection, GIVEN_KEY, sorted(keys))
    return {tuple(row) for row in connection.execute(_unread(connection.dialect.name), parameters)}


def _parameters(connection: Connection, ids: Mapping[Key, int]) -> dict[str, Any]:
    # Sorted, so that two dispatchers wait for each other in one order, without a deadlock.
    return dict(value_lists.parameters(connection, GIVEN, sorted((*key, id_) for key, id_ in ids.items())))


def _group(row: Any) -> Group:
    recipient_id, event, text, *others = row  # by name takes longer
    group_id, opened_at, told_at, due_at, is_loud, tellings, changes, now = others
    key = recipient_id, event, text
    return Group(key, group_id, opened_at, told_at, due_at, is_loud, tellings, changes, now)


# Each statement is built once: it is a part of each dispatch, and building takes longer than the rest.


@cache
def _reserve(dialect: str) -> Any:
    # What is due later than that is reserved by others, or can't be told now.
    soon = or_(_table.due_at.is_(None), _table.due_at <= unix_time() + _SECONDS)
    is_ours = and_(or_(_table.told_at.is_(None), _table.told_at + _SECONDS <= unix_time()), soon)
    return _upsert(dialect, _RESERVED, is_ours, told_at=unix_time())


@cache
def _lock(dialect: str) -> Any:
    return _upsert(dialect, {"group_id": _table.group_id}, None)  # only locks it, and returns it


def _upsert(dialect: str, changes: Mapping[str, Any], condition: Any, **more: Any) -> Any:
    kind: Any = sqlite if dialect == "sqlite" else postgresql
    given = value_lists.table_of(dialect, GIVEN)
    values = {name: given.c[name] for name, _ in GIVEN} | {"opened_at": unix_time(), **more}
    # SQLite needs a condition between the table and ON CONFLICT.
    chosen = select(*values.values()).where(given.c.group_id > 0)
    new = kind.insert(_table).from_select(list(values), chosen, include_defaults=False)
    changed = new.on_conflict_do_update(index_elements=[name for name, _ in GIVEN_KEY], set_=changes, where=condition)
    return changed.returning(*_table.__table__.c, unix_time())


@cache
def _reopen(dialect: str) -> Any:
    given = value_lists.table_of(dialect, GIVEN)
    new = {"group_id": given.c.group_id, "opened_at": unix_time(), "due_at": None, "is_loud": False, "changes": 0}
    return update(_table).where(_is_given(given)).values(new)


@cache
def _unread(dialect: str) -> Any:
    given = value_lists.table_of(dialect, GIVEN_KEY)
    is_unread = and_(_n.read_at.is_(None), _n.archived_at.is_(None))
    newest = group_members.of_newest(is_unread, _table.__table__, IS_SHOWN)
    return select(*_PRIMARY_KEY).join_from(_table, given, _is_given(given)).where(func.coalesce(newest, true()))


@cache
def _told(dialect: str) -> Any:
    given = _locked(dialect, _TOLD)
    is_joined = _table.changes != given.c.changes
    values = {
        "told_at": unix_time(),
        "due_at": case((is_joined, unix_time() + _SECONDS)),
        "is_loud": case((is_joined, _table.is_loud), else_=false()),
        "tellings": _table.tellings + 1,
        "changes": _table.changes + bindparam("joined", type_=BigInteger),
    }
    return update(_table).where(_is_given(given)).values(values)


@cache
def _later(dialect: str) -> Any:
    given = _locked(dialect, _LATER)
    values = {
        "due_at": given.c.due_at,
        "is_loud": or_(_table.is_loud, given.c.is_loud == 1),
        "changes": _table.changes + 1,
    }
    return update(_table).where(_is_given(given)).values(values)


@cache
def _put_off(dialect: str) -> Any:
    given = _locked(dialect, _PUT_OFF)
    is_untold = (_table.due_at.is_not(None), _table.tellings == given.c.tellings)
    return update(_table).where(_is_given(given), *is_untold).values(due_at=unix_time() + _PAUSE_SECONDS)


def _locked(dialect: str, columns: value_lists.Columns) -> Any:
    """Return the given rows whose group is still the same, locked in the order of `_parameters`, which is by bytes."""
    given = value_lists.table_of(dialect, columns)
    its = and_(_is_given(given), _table.group_id == given.c.group_id)  # who reads it meanwhile lets a new one begin
    in_order = (column if dialect == "sqlite" else collate(column, "C") for column in _PRIMARY_KEY)
    return select(given).join(_table, its).order_by(*in_order).with_for_update(of=_table).cte("locked")


def _execute(
    connection: Connection, statement: Any, columns: value_lists.Columns, rows: Sequence[Any], **more: int
) -> None:
    if rows:
        parameters = value_lists.parameters(connection, columns, rows) | more
        connection.execute(statement(connection.dialect.name), parameters)


def _is_given(given: Any) -> Any:
    return and_(*(column == given.c[column.key] for column in _PRIMARY_KEY))
