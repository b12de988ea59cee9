"""Who is online: a key a user in Redis, refreshed by each server that holds one of the user's sockets."""

import logging
from collections import Counter

import eventlet
from redis import Redis
from redis.commands.core import Script

from app.cache import RedisError
from app.presence import GRACE_SECONDS, REFRESH_SECONDS, TTL_SECONDS, key_of

log = logging.getLogger(__name__)

_AT_ONCE = 500  # users in one call, which holds Redis up for about half a millisecond

_SET = "for _, key in ipairs(KEYS) do redis.call('SET', key, 1, 'EX', ARGV[1]) end"
_EXPIRE = "for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[1]) end"


class Presence:
    """Counts the sockets of each user; tells Redis of all whose coming or going it has not told yet, at once."""

    def __init__(self, redis: Redis) -> None:
        self._set = redis.register_script(_SET)
        self._expire = redis.register_script(_EXPIRE)
        self._sockets: Counter[int] = Counter()
        self._changed: set[int] = set()
        self._is_telling = False

    def came(self, user_id: int) -> None:
        self._sockets[user_id] += 1
        self._tell_soon(user_id)

    def left(self, user_id: int) -> None:
        self._sockets[user_id] -= 1
        if self._sockets[user_id] <= 0:
            del self._sockets[user_id]
            self._tell_soon(user_id)

    def refresh_for_ever(self) -> None:
        while True:
            eventlet.sleep(REFRESH_SECONDS)
            self._tell(list(self._sockets))

    def _tell_soon(self, user_id: int) -> None:
        self._changed.add(user_id)
        if not self._is_telling:
            self._is_telling = True
            eventlet.spawn_n(self._tell_changed)

    def _tell_changed(self) -> None:
        try:
            while self._changed:
                changed, self._changed = self._changed, set()
                self._tell(list(changed))
        finally:
            self._is_telling = False

    def _tell(self, user_ids: list[int]) -> None:
        """Keep the key of who is here, and let that of who has gone end soon.

        Soon and not at once: so a reconnect does not flicker, and another server that holds the user refreshes it.
        """
        for start in range(0, len(user_ids), _AT_ONCE):
            some = user_ids[start : start + _AT_ONCE]
            try:
                self._run(self._set, [user_id for user_id in some if user_id in self._sockets], TTL_SECONDS)
                self._run(self._expire, [user_id for user_id in some if user_id not in self._sockets], GRACE_SECONDS)
            except RedisError as error:
                log.warning("presence is not kept: %s", error)
            except Exception:
                log.exception("presence is not kept")

    def _run(self, script: Script, user_ids: list[int], seconds: int) -> None:
        if user_ids:
            script(keys=[key_of(user_id) for user_id in user_ids], args=[seconds])
