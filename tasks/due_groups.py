"""Tells sockets of groups that could not be told at once, since they had been told of a few seconds before."""

import random
import time
from collections.abc import Mapping, Sequence

from core import dispatch_state, group_members, groups, outbox
from core.failpoints import failpoint
from core.group_members import Key, Members
from core.groups import Group
from tasks.groups import Update, entries_of
from tasks.resources import Resources, settings

_SLOW_SECONDS = 10  # for those whose members could not be read with the others


def tell_due(to: Resources, *, limit: int) -> int:
    """Tell sockets of the groups that are due; return how many.

    At least once: a crash after the append and before the commit repeats it ten seconds later, under the same name.
    """
    with to.database.reading() as connection:
        if not groups.is_any_due(connection):
            return 0
    with outbox.alone(to.database) as is_free:
        if not is_free:
            return 0
        with to.database.one_statement() as connection:
            due = groups.reserve_due(connection, limit=limit)
        if due:  # nobody else was faster
            _tell_each(to, _tell(to, due))
    return len(due)


def _tell(to: Resources, due: Sequence[Group]) -> list[Group]:
    """Tell sockets of reserved groups; return those whose members took too long to read."""
    members = group_members.read_many(to.database, {group.key: group.id for group in due}, with_unread=True)
    read = [group for group in due if group.key in members]
    updates = _updates(to, read, members)
    entries = entries_of(to, updates)
    appended = to.history.append(list(entries.values()))
    failpoint("after append of groups", settings())
    with to.database.reading() as connection:
        incomplete = outbox.had_before(connection, appended.begun) if appended.begun else []
    tick = to.history.mark_partial(incomplete, appended.tick) if appended.tick else None
    to.emitter.push(appended.pushes)
    failpoint("after emit of groups", settings())
    late = {update.group.key for update in updates} - entries.keys()
    with to.database.transaction() as connection:
        told = [group for group in read if group.key not in late]
        groups.write_told(connection, told, seconds=settings().group_seconds)
        if tick is not None:
            dispatch_state.commit(connection, tick)
    _put_off(to, [group for group in read if group.key in late])
    return [group for group in due if group.key not in members]


def _updates(to: Resources, read: Sequence[Group], members: Mapping[Key, Members]) -> list[Update]:
    """Return what to tell of these groups. Where all was read or archived meanwhile, there is nothing new to tell."""
    unread = {group: id_ for group in read if (id_ := members[group.key].newest_unread) is not None}
    with to.database.reading() as connection:
        newest = {row.id: row for row in groups.rows_of(connection, list(unread.values()))}
    return [
        Update(group, newest[id_], members[group.key], group.is_loud) for group, id_ in unread.items() if id_ in newest
    ]


def _tell_each(to: Resources, untold: Sequence[Group]) -> None:
    """Tell each of these groups alone, and put off what is slow itself, or was not reached for that."""
    until = time.monotonic() + _SLOW_SECONDS
    late: list[Group] = []
    left = random.sample(untold, len(untold))
    while left and time.monotonic() < until:
        late += _tell(to, [left.pop()])
    _put_off(to, [*late, *left])


def _put_off(to: Resources, late: Sequence[Group]) -> None:
    """Put groups off, in a transaction of its own: one that locks twice can wait for another one that waits for it."""
    if late:
        with to.database.transaction() as connection:
            groups.put_off(connection, late)
