"""The tasks that tell sockets what has changed in their user's inbox: counts, and marks."""

from collections.abc import Callable
from typing import Any

from celery.exceptions import Reject

from core import events, inbox_counts, inbox_states, wire
from core.inbox_states import Marked
from core.user_ids import as_text
from tasks.batch import is_unavailable, verified
from tasks.celery import celery_app
from tasks.notifications import timer, with_retries
from tasks.resources import Resources, resources

_ATTEMPTS = 20  # each loses only against a dispatch or a mark of the same user in the same few milliseconds


class Overtaken(Exception):
    """Newer counts of the user were told again and again, between our reading and our telling."""


@celery_app.task(name=events.TELL_UNREAD_TASK, bind=True, max_retries=None)
def tell_unread(self: Any, user_ids: list[int | str]) -> None:
    """Send the counts to the sockets of these users, as an API of the last release asks for it.

    A task that fails now goes back to the end of the queue: unlike a notification, it is not in the outbox.
    """
    recipients = list(map(as_text, user_ids))  # a message of the last release has numbers
    _work(self, lambda: _tell_counts(resources(), recipients))


@celery_app.task(name=events.TELL_STATE_TASK, bind=True, max_retries=None)
def tell_state(self: Any, user_id: str, marks: list[list[Any]]) -> None:
    """Tell a user's sockets how marked notifications are now, and the counts.

    A task that fails now goes back to the end of the queue, so it may run after a task that was asked for later. It
    tells what the database says, so it tells nothing old.
    """
    marked = [Marked(tuple(columns), ids, is_cut) for columns, ids, is_cut in marks]
    _work(self, lambda: tell_marks(resources(), as_text(user_id), marked))


def tell_marks(to: Resources, user_id: str, marked: list[Marked]) -> None:
    """Tell a user's sockets of marks. What was read from the database earlier is never told after a later read."""
    for _ in range(_ATTEMPTS):
        read_at = to.unread.moment()
        with to.database.reading() as connection:
            states = inbox_states.told(connection, user_id, marked)
            counts = inbox_counts.count(connection, user_id)
        packets = [wire.encode_packet(events.STATE, state) for state in states]
        pushes = to.unread.tell(user_id, counts, packets, read_at=read_at)
        if pushes is not None:
            return to.emitter.push(pushes)
    raise Overtaken(user_id)


def _work(task: Any, act: Callable[[], None]) -> None:
    """Call `act`. A task that fails because a service is unavailable, or that was overtaken, runs again later."""
    try:
        with timer.exclusive():
            with_retries(lambda: verified(resources(), act))
    except Exception as error:
        if not is_unavailable(error) and not isinstance(error, Overtaken):
            raise
        # Without a countdown: a worker holds a task that is due later, and receives no other. It has paused already.
        try:
            raise task.retry(exc=error, countdown=0)
        except Reject:  # the broker does not accept it either; Celery's own Reject would drop the task
            raise Reject(error, requeue=True) from error


def _tell_counts(to: Resources, user_ids: list[str]) -> None:
    read_at = to.unread.moment()
    with to.database.reading() as connection:
        counts = inbox_counts.count_many(connection, user_ids)
    to.emitter.push(to.unread.set(counts, read_at=read_at, create_missing=False))
