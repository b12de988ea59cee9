"""The revocations as an API process knows them: at most a second old, and no request reads the database for them."""

import logging
import threading
import time
from collections.abc import Callable

from core import revocations
from core.cache import RedisError
from core.db import UNAVAILABLE, Database
from core.log import OnceAMinute
from core.revocation_stream import BEGINNING, RevocationStream
from core.revoked_tokens import Revocation, RevokedTokens
from core.tokens import Claims

log = logging.getLogger(__name__)
_reported = OnceAMinute()

_FRESH_SECONDS = 0.5
_OLDEST_SECONDS = 1.0  # a request waits for the read of another thread rather than use what is older
_OVERLAP_SECONDS = 60  # a read of the database goes back by this: transactions do not commit in order
_NEVER = -float("inf")


class _Incomplete(Exception):
    """Redis has lost entries, and no worker has filled it yet."""


class RevocationMirror:
    """Reads what is new within a request, at most twice a second. Safe for threads.

    While Redis is unavailable, or has lost entries, it reads the database. While both are unavailable it uses what it
    has; a process that has nothing yet raises one of core.db.UNAVAILABLE.
    """

    def __init__(
        self, stream: RevocationStream, database: Database, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._database = database
        self._clock = clock
        self._revoked = RevokedTokens()
        self._position = BEGINNING
        self._server: str | None = None
        self._lock = threading.Lock()
        self._tried_at = self._read_at = _NEVER
        self._failure: Exception | None = None  # of the last read, while nothing is known yet

    def is_revoked(self, claims: Claims) -> bool:
        """Say whether a token is revoked."""
        self._refresh()
        return self._revoked.includes(claims.user_id, claims.issued_at, claims.family)

    def add(self, revocation: Revocation) -> None:
        """Add what this process has committed, so that its next request knows it."""
        with self._lock:
            self._revoked.add(revocation)

    def _refresh(self) -> None:
        """Read, unless another thread has done so lately. While nothing is known, every request waits for that."""
        asked_at = self._clock()
        age = asked_at - self._tried_at
        is_first = self._read_at == _NEVER
        if age < _FRESH_SECONDS and not is_first:
            return
        if not self._lock.acquire(blocking=is_first or age > _OLDEST_SECONDS):
            return
        try:
            # Not again by each thread that has waited: the waits would add up.
            if asked_at - self._tried_at >= _FRESH_SECONDS:
                self._read()
            if self._failure is not None:
                raise self._failure
        finally:
            self._lock.release()

    def _read(self) -> None:
        began_at = self._tried_at = self._clock()
        try:
            try:
                self._read_redis()
            except (RedisError, _Incomplete):
                self._position = BEGINNING
                self._read_database()
        except UNAVAILABLE as error:
            if self._read_at == _NEVER:
                self._failure = error
            if _reported.is_due("revocations"):
                log.warning("neither Redis nor the database tells what is revoked: %s", error)
        else:
            self._read_at, self._failure = began_at, None

    def _read_redis(self) -> None:
        server = self._stream.server()
        if server != self._server:  # its clock may be behind that of the server before, and so its positions
            self._server, self._position = server, BEGINNING
        while True:
            read = self._stream.read(self._position)
            if read.filled_on != server:
                raise _Incomplete
            self._position = read.position
            for entry in read.entries:
                if isinstance(entry, Revocation):
                    self._revoked.add(entry)
            if read.is_last:
                return

    def _read_database(self) -> None:
        age = self._clock() - self._read_at
        newest_seconds = None if age == float("inf") else int(age) + _OVERLAP_SECONDS
        with self._database.reading() as connection:
            last_id = 0
            while True:
                found, next_id = revocations.live(connection, after_id=last_id, newest_seconds=newest_seconds)
                for revocation in found:
                    self._revoked.add(revocation)
                if next_id == last_id:
                    return
                last_id = next_id
