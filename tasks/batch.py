"""Push one batch of the outbox. A notification that can't be pushed holds up no other."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from celery.exceptions import SoftTimeLimitExceeded

from app import cache, db, push
from app.crash_points import crash_point
from app.history import Entry
from app.profiles import Profile
from app.services import dispatch_state, inbox, outbox, payloads
from tasks.resources import Resources, settings

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The ids of a batch; its length is the batch's."""

    pushed: list[int]
    failed: list[int]

    def __len__(self) -> int:
        return len(self.pushed) + len(self.failed)

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.pushed + other.pushed, self.failed + other.failed)

    def first(self, count: int) -> "Outcome":
        """Return the first ids of both kinds."""
        return Outcome(self.pushed[:count], self.failed[:count])


def is_unavailable(error: BaseException) -> bool:
    """Say whether an error means that a service that a push needs is unavailable."""
    return isinstance(error, push.PushFailed) or cache.is_unavailable(error) or db.is_unavailable(error)


def push_batch(to: Resources, *, limit: int) -> Outcome:
    """Claim, build, append, push and mark one batch. While a service is unavailable, all of it stays in the outbox.

    A batch that fails as a whole for another reason is split, until what can't be pushed stands alone.
    """
    return verified(to, lambda: _push_batch(to, limit))


def verified(to: Resources, act: Callable[[], T]) -> T:
    """Act; where Redis' data is unverified, compare it with the database and act once more."""
    return dispatch_state.verified(to.database, to.epochs, act)


def _push_batch(to: Resources, limit: int) -> Outcome:
    try:
        with outbox.claim(to.database, limit=limit) as batch:
            return _push(to, batch, batch.rows)
    except Exception as error:
        if _is_of_no_row(error):
            raise
        log.exception("a batch can't be pushed as a whole, so it is split")
    # Claimed anew: PostgreSQL does nothing more in a transaction that had an error.
    with outbox.claim(to.database, limit=limit) as batch:
        return _push_in_parts(to, batch, batch.rows)


def _push_in_parts(to: Resources, batch: outbox.Batch, rows: Sequence[Any]) -> Outcome:
    try:
        with batch.part():
            return _push(to, batch, rows)
    except Exception as error:
        if _is_of_no_row(error):
            raise
        if len(rows) == 1:
            failure = _failure(rows[0], error)
            batch.mark(dispatched=[], failed=[failure])
            return Outcome(pushed=[], failed=[failure.notification_id])
    middle = len(rows) // 2
    return _push_in_parts(to, batch, rows[:middle]) + _push_in_parts(to, batch, rows[middle:])


def _push(to: Resources, batch: outbox.Batch, rows: Sequence[Any]) -> Outcome:
    if not rows:
        return Outcome(pushed=[], failed=[])
    crash_point("after claim", settings())
    entries, failures = _build(rows, to.profiles.get_many(row.actor_id for row in rows))
    appended = to.history.append(entries)
    crash_point("after append", settings())
    recipients = sorted({entry.user_id for entry in entries})
    with batch.connection() as connection:
        counts = inbox.unread_counts(connection, recipients)
        forgotten = outbox.had_before(connection, appended.begun) if appended.begun else []
    tick = to.history.mark_partial(forgotten, appended.tick) if appended.tick else None
    pushes = appended.pushes + to.unread.set(counts, read_at=appended.moment)
    if to.emitter is not None:
        to.emitter.push(pushes)
    crash_point("after emit", settings())
    pushed = [entry.notification_id for entry in entries]
    batch.mark(dispatched=pushed, failed=failures, tick=tick)
    return Outcome(pushed, [failure.notification_id for failure in failures])


def _build(rows: Sequence[Any], actors: Mapping[int, Profile]) -> tuple[list[Entry], list[outbox.Failure]]:
    """Build and encode each on its own."""
    entries: list[Entry] = []
    failures: list[outbox.Failure] = []
    for row in rows:
        try:
            data = {**payloads.build(row, actors, default_photo=settings().default_photo), "id": row.id}
            entries.append(Entry.encode(row.id, row.recipient_id, row.event, data, row.created_at))
        except Exception as error:
            if _is_of_no_row(error):
                raise
            failures.append(_failure(row, error))
    return entries, failures


def _failure(row: Any, error: Exception) -> outbox.Failure:
    """Log and describe why a row can't be pushed. Invalid data stays so; an event may be known to the next version."""
    is_final = isinstance(error, payloads.InvalidData)
    log.error("notification %d can't be pushed, after %s earlier attempts", row.id, row.attempts, exc_info=error)
    return outbox.Failure(row.id, error, is_final=is_final)


def _is_of_no_row(error: Exception) -> bool:
    return is_unavailable(error) or isinstance(error, SoftTimeLimitExceeded)
