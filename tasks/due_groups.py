"""Tells sockets of groups that could not be told at once, since they had been told of a few seconds before."""

from core import dispatch_state, groups, outbox
from core.failpoints import failpoint
from core.groups import Settled
from tasks.groups import Update, entries_of
from tasks.resources import Resources, settings


def tell_due(to: Resources, *, limit: int) -> int:
    """Tell sockets of the groups that are due; return how many were claimed.

    At least once: a crash after the append and before the commit repeats it, under the same name.
    """
    with to.database.reading() as connection:
        if not groups.is_any_due(connection):
            return 0
    with outbox.alone(to.database) as claim:
        return _tell(to, claim, limit) if claim is not None else 0


def _tell(to: Resources, claim: outbox.Batch, limit: int) -> int:
    with claim.connection() as connection:
        due = groups.due(connection, limit=limit)
        members = groups.members_of(connection, due)
        rows = {
            row.id: row
            for row in groups.rows_of(connection, [found.newest for found in members.values() if found.newest])
        }
    # What was read or archived meanwhile has nothing new to tell.
    updates = [
        Update(group, row, members[group.key], group.is_loud)
        for group in due
        if (row := rows.get(members[group.key].newest)) is not None and row.read_at is None
    ]
    entries = entries_of(to, updates, {})
    appended = to.history.append(list(entries.values()))
    failpoint("after append of groups", settings())
    with claim.connection() as connection:
        incomplete = outbox.had_before(connection, appended.begun) if appended.begun else []
    tick = to.history.mark_partial(incomplete, appended.tick) if appended.tick else None
    to.emitter.push(appended.pushes)
    failpoint("after emit of groups", settings())
    updated = {update.group.key for update in updates}
    with claim.connection() as connection:
        groups.settle(connection, [Settled(group) for group in due if group.key in entries])
        groups.put_off(connection, [group for group in due if group.key in updated - entries.keys()])
        groups.drop(connection, [group for group in due if group.key not in updated])
        if tick is not None:
            dispatch_state.commit(connection, tick)
    return len(due)
