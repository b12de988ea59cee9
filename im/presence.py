"""Who is online: a key a user in Redis, refreshed by each server that holds one of the user's sockets."""

import logging
from collections import Counter

import eventlet
from redis import Redis

from app.cache import RedisError
from app.presence import GRACE_SECONDS, REFRESH_SECONDS, TTL_SECONDS, key_of

log = logging.getLogger(__name__)


class Presence:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._sockets: Counter[int] = Counter()

    def came(self, user_id: int) -> None:
        self._sockets[user_id] += 1
        self._refresh([user_id])

    def left(self, user_id: int) -> None:
        """Let the key end soon: a reconnect does not flicker, and another server that holds the user refreshes it."""
        self._sockets[user_id] -= 1
        if self._sockets[user_id] > 0:
            return
        del self._sockets[user_id]
        try:
            self._redis.expire(key_of(user_id), GRACE_SECONDS)
        except RedisError as error:
            log.warning("presence of user %d ends by itself: %s", user_id, error)

    def refresh_for_ever(self) -> None:
        while True:
            eventlet.sleep(REFRESH_SECONDS)
            self._refresh(list(self._sockets))

    def _refresh(self, user_ids: list[int]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for user_id in user_ids:
            pipeline.set(key_of(user_id), 1, ex=TTL_SECONDS)
        try:
            pipeline.execute()
        except RedisError as error:
            log.warning("presence is not kept: %s", error)
