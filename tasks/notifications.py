"""Push what is committed."""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from app import events, push, unread
from app.cache import RedisError
from app.crash_points import crash_point
from app.db import UNAVAILABLE
from app.history import Entry
from app.profiles import Profile
from app.services import inbox, outbox, payloads
from tasks.celery import celery_app
from tasks.resources import Resources, resources, settings

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH = 200
_AWAY = (push.PushFailed, RedisError, *UNAVAILABLE)
_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.2


@celery_app.task(name=events.DISPATCH_TASK)
def dispatch() -> int:
    """Push every committed notification that is not yet pushed; return how many.

    At least once: a crash after the push and before the commit repeats it, under the same id and offset. What can't be
    pushed now stays in the outbox, and the next call goes on with it.
    """
    pushed = 0
    while count := _patiently(lambda: push_batch(resources(), limit=BATCH)):
        pushed += count
        if count < BATCH:
            break
    return pushed


@celery_app.task(name=events.TELL_UNREAD_TASK, bind=True, max_retries=None)
def tell_unread(self: Any, user_ids: list[int]) -> None:
    """Tell the sockets of these users how much they have not read.

    What can't be told now goes back to the end of the queue: no row waits for it that a later call would find.
    """
    try:
        _patiently(lambda: _tell_unread(resources(), user_ids))
    except _AWAY as error:
        # At once, after so many pauses: a worker would hold what is for later, and take nothing else meanwhile.
        raise self.retry(exc=error, countdown=0) from error


def push_batch(to: Resources, *, limit: int) -> int:
    """Claim, build, append, push and mark one batch; return its size. On an error all of it stays in the outbox."""
    with outbox.claim(to.database, limit=limit) as batch:
        if not batch.rows:
            return 0
        crash_point("after claim", settings())
        entries, failed = _build(batch.rows, to.profiles.get_many(row.actor_id for row in batch.rows))
        appended = to.history.append(entries)
        crash_point("after append", settings())
        recipients = sorted({entry.user_id for entry in entries})
        read_at = unread.moment()
        with batch.connection() as connection:
            counts = inbox.unread_counts(connection, recipients)
            forgotten = outbox.had_before(connection, appended.begun) if appended.begun else []
        to.history.mark_partial(forgotten)
        pushes = appended.pushes + to.unread.set(counts, read_at=read_at)
        if to.emitter is not None:
            to.emitter.push(pushes)
        crash_point("after emit", settings())
        batch.mark(dispatched=[entry.notification_id for entry in entries], failed=failed)
        return len(batch.rows)


def _build(rows: Sequence[Any], actors: Mapping[int, Profile]) -> tuple[list[Entry], list[int]]:
    """Build the entries, and name the rows that none can be built of: they should not hold up the others."""
    entries: list[Entry] = []
    failed: list[int] = []
    for row in rows:
        try:
            data = {**payloads.build(row, actors), "id": row.id}
        except Exception:
            log.exception("notification %d can't be built, attempt %d", row.id, row.attempts + 1)
            failed.append(row.id)
        else:
            entries.append(Entry(row.id, row.recipient_id, row.event, data, row.created_at))
    return entries, failed


def _tell_unread(to: Resources, user_ids: list[int]) -> None:
    read_at = unread.moment()
    with to.database.reading() as connection:
        counts = inbox.unread_counts(connection, user_ids)
    pushes = to.unread.set(counts, read_at=read_at, is_first=False)
    if to.emitter is not None:
        to.emitter.push(pushes)


def _patiently(act: Callable[[], T]) -> T:
    """Act, and act again after a growing pause when a service is away; raise its error in the end."""
    for attempt in range(1, _ATTEMPTS):
        try:
            return act()
        except _AWAY as error:
            log.warning("attempt %d of %d: %s", attempt, _ATTEMPTS, error)
            time.sleep(_FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1))  # noqa: S311  (jitter)
    return act()
