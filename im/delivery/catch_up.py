"""Reads what open sockets missed while the subscription was down: for many sockets in one round trip."""

import logging
from collections.abc import Callable, Sequence

import eventlet

from core import primary
from core.cache import RedisError
from core.epochs import Unverified
from core.replays import NOTHING_KNOWN, Missed, Replays
from im.delivery.cursor import Cursor
from im.hub.batches import Batches

log = logging.getLogger(__name__)

_AT_ONCE = 64
RETRY_SECONDS: Sequence[float] = (0.5, 1, 2, 4, 8)

Behind = tuple[str, Cursor]
Resume = Callable[[str, Cursor, Missed], None]
# Called in an except clause, for the error of one socket.
Fail = Callable[[str], None]


class CatchUp:
    """Reads for sockets whose `last` is known. It retries for about 15 s."""

    def __init__(self, replays: Replays, resume: Resume, fail: Fail, *, retry_seconds: Sequence[float]) -> None:
        self._replays = replays
        self._resume = resume
        self._fail = fail
        self._retry_seconds = retry_seconds
        self._behind: Batches[Behind] = Batches(self._serve, at_once=_AT_ONCE)

    def soon(self, sid: str, cursor: Cursor) -> None:
        """Let another greenlet read what a socket missed, and call `resume` with it."""
        self._behind.add((sid, cursor))

    def _serve(self, behind: list[Behind]) -> None:
        """Read for these sockets, and resume each. Switches greenlets."""
        connected = [(sid, cursor) for sid, cursor in behind if cursor.socket is not None]
        if not connected:
            return
        missed_by_each = self._read_with_retries([cursor for _, cursor in connected])
        for (sid, cursor), missed in zip(connected, missed_by_each, strict=True):
            try:
                self._resume(sid, cursor, missed)
            except Exception:  # noqa: BLE001  (one socket must not stop the others; fail() logs the error)
                self._fail(sid)

    def _read_with_retries(self, cursors: list[Cursor]) -> list[Missed]:
        """Read, with pauses while Redis is unavailable. Switches greenlets."""
        for pause in (*self._retry_seconds, None):
            try:
                return self._read(cursors)
            except RedisError as error:
                log.warning(
                    "%d sockets can't catch up yet; they are disconnected if this lasts: %s", len(cursors), error
                )
            except Exception:
                log.exception("%d sockets can't catch up and are disconnected", len(cursors))
                break
            if pause is not None:
                eventlet.sleep(pause)
        return [NOTHING_KNOWN] * len(cursors)

    def _read(self, cursors: list[Cursor]) -> list[Missed]:
        """Read once. Raise Unverified until a worker has compared Redis with the database, which takes seconds."""
        primary.doubt()  # the gap may come from a failover, and the old primary lacks all that followed
        read = self._replays.read_many([(cursor.user_id, (cursor.last or b"").decode()) for cursor in cursors])
        if any(missed.gap is None for missed in read):
            raise Unverified("Redis' data may be older than what was dispatched")
        return read
