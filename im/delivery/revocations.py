"""Follows the revocations in Redis: closes the sockets that they concern, and knows which tokens to refuse."""

import logging
import random
import time
from collections.abc import Callable

import eventlet

from core.cache import RedisError
from core.revocation_stream import BEGINNING, Entry, RevocationStream
from core.revoked_tokens import Revocation, RevokedTokens
from core.tokens import Claims
from im.delivery.closing import SESSION_CLOSED, TOKEN_REVOKED, Closer
from im.delivery.delivery import Delivery
from im.hub.time_slice import TimeSlice
from im.log_limit import LogLimit

log = logging.getLogger(__name__)
log.addFilter(LogLimit(10))

WAIT_SECONDS = 2  # in one call; an entry that is appended meanwhile ends it
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 1.0


class Unknown(Exception):
    """This server has not read for too long what is revoked, so it can't accept a token."""


class Revocations:
    """What is revoked, at most `stale_seconds` old; after that no token is accepted until Redis is read again."""

    def __init__(
        self,
        stream: RevocationStream,
        delivery: Delivery,
        closer: Closer,
        *,
        stale_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._delivery = delivery
        self._closer = closer
        self._stale_seconds = stale_seconds
        self._clock = clock
        self._revoked = RevokedTokens()
        self._position = BEGINNING
        self._filled_on: str | None = None
        self._read_at: float | None = None  # when everything was read
        self._time_slice = TimeSlice()

    def is_revoked(self, claims: Claims) -> bool:
        """Say whether a token is revoked; raise Unknown."""
        if self.failure():
            raise Unknown
        return self._revoked.includes(claims.user_id, claims.issued_at, claims.family)

    def failure(self) -> str | None:
        """Return why tokens are not accepted now; None if they are."""
        if self._read_at is None:
            return "not read yet, so no token is accepted"
        age = self._clock() - self._read_at
        return f"not read for {age:.0f} s, so no token is accepted" if age > self._stale_seconds else None

    def follow_for_ever(self) -> None:
        """Read all, then what is appended. Switches greenlets."""
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            if self._try_to_read():
                pause_seconds = _FIRST_PAUSE_SECONDS
            else:
                eventlet.sleep(pause_seconds * random.uniform(0.5, 1))  # noqa: S311  (jitter)
                pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)

    def read(self, *, wait_seconds: float = 0) -> None:
        """Read and apply what follows the position, and wait for it if told. Switches greenlets."""
        if self._read_at is None:
            wait_seconds = 0  # clients wait for this
        while True:
            read = self._stream.read(self._position, wait_seconds=wait_seconds)
            wait_seconds = 0
            if read.filled_on != self._filled_on and self._position != BEGINNING:
                self._position = BEGINNING
                continue
            self._filled_on = read.filled_on
            self._position = read.position
            for entry in read.entries:
                self._apply(entry)
                self._time_slice.yield_if_due()
            if read.is_last:
                self._read_at = self._clock()
                return

    def _try_to_read(self) -> bool:
        try:
            self.read(wait_seconds=WAIT_SECONDS)
        except RedisError as error:
            log.warning("it is unknown what was revoked lately: %s", error)
        except Exception:
            log.exception("it is unknown what was revoked lately")
        else:
            return True
        self._position = BEGINNING  # Redis may have lost entries
        return False

    def _apply(self, entry: Entry) -> None:
        """Close the sockets that an entry concerns. One that was applied before changes nothing."""
        if isinstance(entry, Revocation):
            self._revoked.add(entry)
            for sid, cursor in self._delivery.cursors_of(entry.user_id):
                if entry.covers(cursor.user_id, cursor.issued_at, cursor.family):
                    self._closer.close_soon(sid, cursor, TOKEN_REVOKED)
        else:
            named = self._delivery.cursor(entry.sid)
            if named is not None and named.user_id == entry.user_id:
                self._closer.close_soon(entry.sid, named, SESSION_CLOSED)
