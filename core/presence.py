"""Who is online: the IM servers write it, and the API reads it."""

from collections.abc import Iterable

from redis import Redis

from core.cache import RedisError
from core.keys import Keys

REFRESH_SECONDS = 8
GRACE_SECONDS = 10  # longer than the refresh, so that a user held by another server never looks gone
TTL_SECONDS = 25


def is_online(redis: Redis, user_id: str, keys: Keys = Keys()) -> bool:
    """Say whether a user has an open socket; False where Redis is unavailable."""
    return user_id in online_among(redis, [user_id], keys)


def online_among(redis: Redis, user_ids: Iterable[str], keys: Keys = Keys()) -> set[str]:
    """Return the users among these who have an open socket, in one round trip; none where Redis is unavailable."""
    asked = list(user_ids)
    pipeline = redis.pipeline(transaction=False)
    for user_id in asked:
        pipeline.ttl(keys.online(user_id))
    try:
        ttls = pipeline.execute()
    except RedisError:
        return set()
    # Our keys always expire soon. Another program has made a key that does not.
    return {user_id for user_id, ttl in zip(asked, ttls, strict=True) if 0 <= ttl <= TTL_SECONDS}
