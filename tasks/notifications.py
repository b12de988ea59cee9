"""Push what is committed."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from app import events, push, unread
from app.cache import RedisError
from app.db import UNAVAILABLE
from app.history import Entry
from app.services import inbox, outbox, payloads
from tasks.celery import celery_app
from tasks.resources import Resources, resources

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
    return pushed


@celery_app.task(name=events.TELL_UNREAD_TASK)
def tell_unread(user_ids: list[int]) -> None:
    """Tell the sockets of these users how much they have not read."""
    _patiently(lambda: _tell_unread(resources(), user_ids))


def push_batch(to: Resources, *, limit: int) -> int:
    """Claim, build, append, push and mark one batch; return its size. On an error all of it stays in the outbox."""
    with outbox.claim(to.database, limit=limit) as batch:
        if not batch.rows:
            return 0
        actors = to.profiles.get_many(row.actor_id for row in batch.rows)
        pushes = to.history.append(
            [
                Entry(
                    notification_id=row.id,
                    user_id=row.recipient_id,
                    event=row.event,
                    data={**payloads.build(row, actors), "id": row.id},
                    created_at=row.created_at,
                )
                for row in batch.rows
            ]
        )
        recipients = sorted({row.recipient_id for row in batch.rows})
        read_at = unread.moment()
        with batch.connection() as connection:
            counts = inbox.unread_counts(connection, recipients)
        pushes += to.unread.set(counts, read_at=read_at)
        if to.emitter is not None:
            to.emitter.push(pushes)
        batch.mark_dispatched()
        return len(batch.rows)


def _tell_unread(to: Resources, user_ids: list[int]) -> None:
    read_at = unread.moment()
    with to.database.reading() as connection:
        counts = inbox.unread_counts(connection, user_ids)
    pushes = to.unread.set(counts, read_at=read_at)
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
