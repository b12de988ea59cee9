"""Push what is committed."""

import logging
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from celery.exceptions import Reject

from app import database_faults, events, service_faults
from app.cache import RedisError
from app.services import dispatch_state, inbox
from tasks import heartbeat
from tasks.batch import Outcome, is_unavailable, push_batch, verified
from tasks.celery import celery_app
from tasks.resources import Resources, resources
from tasks.timer import OutboxTimer, follow_worker

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH = 200
_MOST_IDS = 40  # that Flower shows of a dispatch
_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.2


@celery_app.task(name=events.DISPATCH_TASK, send_events=False, Request="tasks.requests:QuietRequest")
def dispatch() -> dict[str, object] | None:
    """Push every committed notification that is not yet pushed; return how many and the first ids, None if none waited.

    At least once: a crash after the push and before the commit repeats it, under the same id and offset. What can't be
    pushed now stays in the outbox, and the next call goes on with it.
    """
    with timer.alone():
        return _dispatch(_patiently)


def _dispatch(how: Callable[[Callable[[], Outcome]], Outcome]) -> dict[str, object] | None:
    try:
        done = _empty_outbox(how)
    except Exception as error:
        if fault := database_faults.fault_of(error):
            database_faults.report(error)
            heartbeat.write(f"database: {fault.state}")
        elif lasting := _lasting_fault(error):
            heartbeat.write(f"Redis or message queue: {lasting.state}")
            return None  # all of it stays in the outbox, and the operator has been told
        raise
    heartbeat.write("database: ok")
    return done


def _empty_outbox(how: Callable[[Callable[[], Outcome]], Outcome]) -> dict[str, object] | None:
    count = 0
    first = Outcome(pushed=[], failed=[])
    while outcome := how(lambda: push_batch(resources(), limit=BATCH)):
        count += len(outcome.pushed)
        first = (first + outcome).first(_MOST_IDS)
        if len(outcome) < BATCH:
            break
    if not first:
        _check(resources())
        return None
    return {"pushed": count, "ids": first.pushed, **({"failed": first.failed} if first.failed else {})}


@celery_app.task(name=events.TELL_UNREAD_TASK, bind=True, max_retries=None)
def tell_unread(self: Any, user_ids: list[int]) -> None:
    """Tell the sockets of these users how much they have not read.

    What can't be told now goes back to the end of the queue: no row waits for it that a later call would find.
    """
    try:
        with timer.alone():
            _patiently(lambda: verified(resources(), lambda: _tell_unread(resources(), user_ids)))
    except Exception as error:
        if not is_unavailable(error):
            raise
        # At once, after so many pauses: a worker would hold what is for later, and take nothing else meanwhile.
        try:
            raise self.retry(exc=error, countdown=0)
        except Reject:  # the broker does not take it back either: that of Celery's would drop it
            raise Reject(error, requeue=True) from error


def _look() -> None:
    """Do once and without patience what a dispatch does: the next look comes soon."""
    if done := _dispatch(lambda act: act()):
        log.info("no task asked for these: %s", done)


timer = OutboxTimer(_look)
follow_worker(timer)


def _check(to: Resources) -> None:
    """See that Redis and the database hold what was dispatched, also where nothing waits to be."""

    def compare() -> None:
        with to.database.reading() as connection:
            dispatch_state.check(connection, to.epochs)

    try:
        verified(to, compare)
    except RedisError as error:
        log.info("Redis is not compared with the database: %s", error)


def _tell_unread(to: Resources, user_ids: list[int]) -> None:
    read_at = to.unread.moment()
    with to.database.reading() as connection:
        counts = inbox.unread_counts(connection, user_ids)
    pushes = to.unread.set(counts, read_at=read_at, is_first=False)
    if to.emitter is not None:
        to.emitter.push(pushes)


def _lasting_fault(error: Exception) -> service_faults.Fault | None:
    """Return, and report, what Redis or the message queue can't do before an operator acts."""
    cause = error.__cause__ or error
    if not is_unavailable(error) or not service_faults.is_lasting(cause):
        return None
    service_faults.report(log, "Redis or message queue", cause)
    return service_faults.fault_of(cause)


def _patiently(act: Callable[[], T]) -> T:
    """Act, and act again after a growing pause while a service is unavailable; raise its error in the end."""
    for attempt in range(1, _ATTEMPTS):
        try:
            return act()
        except Exception as error:
            if not is_unavailable(error):
                raise
            if not _lasting_fault(error):
                log.warning("attempt %d of %d: %s", attempt, _ATTEMPTS, error)
            time.sleep(_FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1))  # noqa: S311  (jitter)
    return act()
