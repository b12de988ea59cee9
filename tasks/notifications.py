"""The task that pushes committed notifications, and a timer that does the same."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from core import database_faults, dispatch_state, events, service_faults
from core.cache import RedisError
from core.db import Database
from tasks import heartbeat
from tasks.batch import Outcome, is_unavailable, push_batch, verified
from tasks.celery import celery_app
from tasks.due_groups import tell_due
from tasks.listener import Listener
from tasks.resources import Resources, resources, settings
from tasks.timer import Timer, follow_worker

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH = 200
_MOST_IDS = 40  # of one dispatch, for Flower
_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.2


@celery_app.task(name=events.DISPATCH_TASK, send_events=False, Request="tasks.quiet_request:QuietRequest")
def dispatch() -> dict[str, object] | None:
    """Push every committed notification that is not yet pushed. Return how many, and the first ids; None for none.

    At least once: a crash after the push and before the commit repeats it, with the same id and offset. A notification
    that can't be pushed now stays in the outbox, and the next call tries it again.
    """
    with timer.working():
        return _dispatch(with_retries)


def _dispatch(call: Callable[[Callable[[], Outcome]], Outcome]) -> dict[str, object] | None:
    """Push the outbox and write the state to the heartbeat file. `call` runs one batch, with or without retries."""
    try:
        done = _push_outbox(call)
    except Exception as error:
        if fault := database_faults.fault_of(error):
            database_faults.report(error)
            heartbeat.write(f"database: {fault.state}")
        elif lasting := _lasting_fault(error):
            heartbeat.write(f"Redis or message queue: {lasting.state}")
            return None  # the notifications stay in the outbox, and the log tells the operator what to do
        raise
    heartbeat.write("database: ok")
    return done


def _push_outbox(call: Callable[[Callable[[], Outcome]], Outcome]) -> dict[str, object] | None:
    count = told = 0
    first = Outcome(pushed=[], failed=[])
    next_telling = 0.0
    while True:
        outcome = call(lambda: push_batch(resources(), limit=BATCH))
        count += len(outcome.pushed)
        first = (first + outcome).first(_MOST_IDS)
        are_more, due = len(outcome) == BATCH, 0
        began = time.monotonic()
        if not are_more or began >= next_telling:
            due = verified(resources(), lambda: tell_due(resources(), limit=BATCH))
            # While many notifications wait, groups take half of the time at most.
            next_telling = time.monotonic() + (time.monotonic() - began)
        told += due
        if not are_more and due < BATCH:
            break
    if not first:
        if not told:
            _check(resources())
        return None
    return {"pushed": count, "ids": first.pushed, **({"failed": first.failed} if first.failed else {})}


def _dispatch_once() -> None:
    """Dispatch without retries: the timer calls again soon."""
    if done := _dispatch(lambda act: act()):
        log.info("the timer pushed notifications that no task had pushed: %s", done)


def _dispatch_after_commit() -> None:
    with timer.working():
        _dispatch(lambda act: act())


def _open_database() -> Database | None:
    url = settings().listen_url
    return Database(url, schema=settings().database_schema, pool_size=1) if url else None


timer = Timer("dispatching the outbox", _dispatch_once)
follow_worker(timer)
follow_worker(Listener(_open_database, _dispatch_after_commit))


def _check(to: Resources) -> None:
    """Check that Redis and the database have all that was dispatched, also when the outbox is empty."""

    def compare() -> None:
        with to.database.reading() as connection:
            dispatch_state.check(connection, to.epochs)

    try:
        verified(to, compare)
    except RedisError as error:
        log.info("Redis is not compared with the database now; the next dispatch does it: %s", error)


def _lasting_fault(error: Exception) -> service_faults.Fault | None:
    """Return and log a fault of Redis or the message queue that only an operator can end; None for any other error."""
    cause = error.__cause__ or error
    if not is_unavailable(error) or not service_faults.is_lasting(cause):
        return None
    service_faults.report(log, "Redis or message queue", cause)
    return service_faults.fault_of(cause)


def with_retries(act: Callable[[], T]) -> T:
    """Call `act`, and again after a growing pause while a service is unavailable; raise its last error."""
    for attempt in range(1, _ATTEMPTS):
        try:
            return act()
        except Exception as error:
            if not is_unavailable(error):
                raise
            if not _lasting_fault(error):
                log.warning("attempt %d of %d failed, trying again: %s", attempt, _ATTEMPTS, error)
            time.sleep(_FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1))  # noqa: S311  (jitter)
    return act()
