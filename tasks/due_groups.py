"""Tells sockets of groups that could not be told at once, since they had been told of a few seconds before."""

import random
import time
from collections.abc import Sequence

from core import dispatch_state, group_members, groups, outbox
from core.failpoints import failpoint
from core.groups import Group
from tasks.groups import Update, entries_of
from tasks.resources import Resources, settings

_SLOW_SECONDS = 10  # for those whose members took too long to read


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
    members = group_members.read_many(to.database, {group.key: group.id for group in due})
    read = [group for group in due if group.key in members]
    with to.database.reading() as connection:
        newest = groups.newest_unread(connection, read)
    # Where all was read or archived meanwhile, there is nothing new to tell.
    updates = [
        Update(group, newest[group.key], members[group.key], group.is_loud) for group in read if group.key in newest
    ]
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
        groups.put_off(connection, [group for group in read if group.key in late])
        if tick is not None:
            dispatch_state.commit(connection, tick)
    return [group for group in due if group.key not in members]


def _tell_each(to: Resources, slow: Sequence[Group]) -> None:
    """Tell each of these groups alone, and put off what is slow itself. What is not reached stays due."""
    until = time.monotonic() + _SLOW_SECONDS
    late: list[Group] = []
    for group in random.sample(slow, len(slow)):
        if time.monotonic() > until:
            break
        late += _tell(to, [group])
    if late:
        with to.database.transaction() as connection:
            groups.put_off(connection, late)
