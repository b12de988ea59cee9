"""A timer of the workers archives notifications that have expired, and tells the devices of their users."""

from core import expiry
from core.inbox_states import Marked
from tasks import notifications
from tasks.batch import verified
from tasks.inbox import tell_marks
from tasks.resources import Resources, resources
from tasks.timer import Timer, follow_worker

_PAUSE_SECONDS = (20.0, 40.0)


def archive_expired(to: Resources) -> int:
    """Archive all that has expired, in transactions of a bounded size; return how many."""
    count = 0
    while True:
        with to.database.transaction() as connection:
            archived = expiry.archive(connection)
        for user_id, ids in archived.items():
            marked = [Marked(("archived_at",), ids)]
            verified(to, lambda user_id=user_id, marked=marked: tell_marks(to, user_id, marked))  # type: ignore[misc]
        done = sum(map(len, archived.values()))
        count += done
        if done < expiry.MOST:
            return count


def _work() -> None:
    with notifications.timer.exclusive():
        archive_expired(resources())


timer = Timer("archiving what has expired", _work, pause_seconds=_PAUSE_SECONDS)
follow_worker(timer)
