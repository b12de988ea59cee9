"""Says where a notification is, for the program that made it."""

from typing import Any

WAITING, PUSHED, OFFLINE, NOT_SENT, DEAD, WITHDRAWN = STATES = (
    "waiting",
    "pushed",
    "offline",
    "not_sent",
    "dead",
    "withdrawn",
)


def state_of(row: Any, *, is_online: bool) -> str:
    """Return the state of a row of outbox.find.

    `pushed` is one that is in the history of a user who has seen it, or has an open socket now. Without either it is
    `offline`: the user's devices get it when they connect.
    """
    if row.withdrawn_at is not None:
        return WITHDRAWN
    if row.dead_lettered_at is not None:
        return DEAD
    if row.dispatched_at is None:
        return WAITING
    if row.not_sent is not None or row.failure_reason is not None:
        return NOT_SENT
    return PUSHED if is_online or row.seen_at is not None else OFFLINE
