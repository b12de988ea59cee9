"""Keeps Redis' copy of the revocations complete: a worker every few seconds, the API after each revocation."""

import logging

from core import revocations
from core.db import Database
from core.revocation_stream import RevocationStream

log = logging.getLogger(__name__)

_DELETED_AT_ONCE = 5000


def publish_waiting(database: Database, stream: RevocationStream) -> int:
    """Append to the stream what is committed and not in it; return how many, revocations.WAITING_AT_ONCE at most.

    RedisError where Redis is unavailable. After a crash between the two steps, an entry is appended twice: that changes
    nothing.
    """
    with database.reading() as connection:
        waiting, ids = revocations.waiting(connection)
    if waiting:
        stream.append(waiting)
        with database.transaction() as connection:
            revocations.mark_published(connection, ids)
    return len(waiting)


def fill_if_lost(database: Database, stream: RevocationStream) -> bool:
    """Fill the stream where Redis may have lost entries; return whether this process did.

    See core.revocation_stream.
    """
    if stream.is_filled():
        return False
    with database.reading() as connection:
        count = stream.fill(lambda after_id: revocations.live(connection, after_id=after_id))
    if count is None:
        return False
    log.info("Redis was started or promoted: %d revocations are copied to it from the database", count)
    return True


def delete_old(database: Database, stream: RevocationStream) -> None:
    """Delete what no valid token can need, from the database and from Redis."""
    deleted = _DELETED_AT_ONCE
    while deleted == _DELETED_AT_ONCE:  # in parts: after a long time without workers, one statement would take too long
        with database.transaction() as connection:
            deleted = revocations.delete_old(connection, limit=_DELETED_AT_ONCE)
    stream.trim()
