"""Who is online, and by which sockets: keys in Redis, written for many users in one call.

Each user has one key that says that the user is online. Each server that holds a socket of the user refreshes it. Each
server also lists the user's sockets in a hash of its own: see core.sessions.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import eventlet
from redis import Redis

from core.cache import RedisError
from core.keys import Keys
from core.presence import GRACE_SECONDS, REFRESH_SECONDS, TTL_SECONDS
from core.sessions import BEAT_SECONDS
from im.delivery import presence_scripts
from im.hub.batches import Batches
from im.log_limit import LogLimit

log = logging.getLogger(__name__)
log.addFilter(LogLimit(10))

_AT_ONCE = 500  # changes in one call, which blocks Redis for about half a millisecond
_RENEW_EVERY = 5  # refreshes: most lists of sockets are deleted when the last one closes, so they may live longer
_SESSIONS_TTL_SECONDS = 100
_WRONG_SECONDS = _SESSIONS_TTL_SECONDS + REFRESH_SECONDS  # after an error a list can be wrong for so long
_FORGET_SERVER_SECONDS = 600

_Change = tuple[str, str, bytes]  # a user; the id of a socket; its session, b"" after it has closed
Describe = Callable[[str], Iterable[tuple[str, bytes]]]


class Presence:
    """Counts the sockets of each user, and writes the changes of many users to Redis in one batch."""

    def __init__(self, redis: Redis, keys: Keys = Keys(), *, server: str, describe: Describe) -> None:
        """`describe` returns the open sockets of a user on this server: the id and the session of each."""
        self._keys = keys
        self._server = server
        self._describe = describe
        self._script = redis.register_script(presence_scripts.WRITE)
        self._renew_script = redis.register_script(presence_scripts.RENEW)
        self._beat_script = redis.register_script(presence_scripts.BEAT)
        self._sockets: Counter[str] = Counter()
        self._unlisted: set[str] = set()  # connected users whose list of sockets may be wrong
        self._wrong_until = 0.0  # lists of disconnected users may be wrong; a value of time.monotonic()
        self._changed: Batches[_Change] = Batches(self._write, at_once=_AT_ONCE)

    def connected(self, user_id: str, sid: str, session: bytes) -> None:
        """Count and list a new socket of a user."""
        if user_id not in self._sockets and time.monotonic() < self._wrong_until:
            self._changed.add((user_id, "", b""))
        self._sockets[user_id] += 1
        self._changed.add((user_id, sid, session))

    def renewed(self, user_id: str, sid: str, session: bytes) -> None:
        """List a socket that has changed."""
        self._changed.add((user_id, sid, session))

    def disconnected(self, user_id: str, sid: str) -> None:
        """Count a closed socket of a user, and take it off the list."""
        self._sockets[user_id] -= 1
        if self._sockets[user_id] <= 0:
            del self._sockets[user_id]
            self._unlisted.discard(user_id)
        self._changed.add((user_id, sid, b""))

    def refresh_for_ever(self) -> None:
        """Refresh the keys of all connected users before they expire. Switches greenlets."""
        rounds = 0
        while True:
            eventlet.sleep(REFRESH_SECONDS)
            rounds += 1
            users = list(self._sockets)
            for start in range(0, len(users), _AT_ONCE):
                self._refresh(users[start : start + _AT_ONCE], renew=rounds % _RENEW_EVERY == 0)

    def beat_for_ever(self) -> None:
        """Say every few seconds that this server runs. Switches greenlets."""
        while True:
            self._try("that this server runs", self._beat)
            eventlet.sleep(BEAT_SECONDS)

    def _refresh(self, user_ids: list[str], *, renew: bool) -> None:
        """Refresh the keys of some users, and write what is missing. Switches greenlets."""
        self._save(user_ids, [])
        if renew:
            self._try(f"that the lists of {len(user_ids)} users live on", lambda: self._renew(user_ids))
        for user_id in self._unlisted.intersection(user_ids):
            self._unlisted.discard(user_id)
            # Through the same queue as all changes: what happens meanwhile is written later.
            self._changed.add((user_id, "", b""))
            for sid, session in self._describe(user_id):
                self._changed.add((user_id, sid, session))

    def _write(self, changes: list[_Change]) -> None:
        """Write some changes. Switches greenlets."""
        self._save(list({user_id for user_id, _sid, _session in changes}), changes)

    def _save(self, user_ids: Sequence[str], changes: Sequence[_Change]) -> None:
        """Set the keys of connected users, let those of disconnected users expire soon, and list their sockets.

        A key does not expire at once: a user who reconnects stays online, and another server that holds a socket of the
        user refreshes the key. After an error the next refresh writes the keys of connected users; other keys expire.
        """
        present = [user_id for user_id in user_ids if user_id in self._sockets]
        gone = [user_id for user_id in user_ids if user_id not in self._sockets]
        online, sessions, server = self._keys.online, self._keys.sessions, self._server

        def call() -> None:
            self._script(
                keys=[
                    self._keys.counters,
                    *map(online, present),
                    *map(online, gone),
                    *(sessions(change[0], server) for change in changes),
                ],
                args=[
                    TTL_SECONDS,
                    GRACE_SECONDS,
                    _SESSIONS_TTL_SECONDS,
                    len(present),
                    len(gone),
                    *(part for change in changes for part in change[1:]),
                ],
            )

        if (present or gone or changes) and not self._try(f"presence of {len(user_ids)} users", call):
            self._unlisted.update(change[0] for change in changes if change[0] in self._sockets)
            # The list of a disconnected user is written anew if the user comes back before it expires.
            self._wrong_until = time.monotonic() + _WRONG_SECONDS

    def _renew(self, user_ids: list[str]) -> None:
        keys = [self._keys.sessions(user_id, self._server) for user_id in user_ids]
        missing = self._renew_script(keys=keys, args=[_SESSIONS_TTL_SECONDS])
        self._unlisted.update(user_ids[place] for place in missing)

    def _beat(self) -> None:
        self._beat_script(
            keys=[self._keys.im_servers, self._keys.counters], args=[self._server, _FORGET_SERVER_SECONDS]
        )

    def _try(self, what: str, call: Callable[[], None]) -> bool:
        """Return whether Redis took it. Switches greenlets."""
        try:
            call()
        except RedisError as error:
            log.warning("%s is not written to Redis: %s", what, error)
        except Exception:
            log.exception("%s is not written to Redis", what)
        else:
            return True
        return False
