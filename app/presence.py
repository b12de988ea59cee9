"""Who is online, as the IM servers say and the API reads."""

from collections.abc import Iterable

from redis import Redis

from app.cache import RedisError

REFRESH_SECONDS = 8
GRACE_SECONDS = 10  # longer than the refresh, so that a user held by another server never looks gone
TTL_SECONDS = 25


def key_of(user_id: int) -> str:
    return f"user:{user_id}:online"


def is_online(redis: Redis, user_id: int) -> bool:
    """Say whether a user has an open socket; False where Redis is unavailable."""
    return user_id in online_among(redis, [user_id])


def online_among(redis: Redis, user_ids: Iterable[int]) -> set[int]:
    """Return those who have an open socket, in one round trip; nobody where Redis is unavailable."""
    asked = list(user_ids)
    pipeline = redis.pipeline(transaction=False)
    for user_id in asked:
        pipeline.ttl(key_of(user_id))
    try:
        ttls = pipeline.execute()
    except RedisError:
        return set()
    # A key of ours always ends soon: one that does not was made by somebody else.
    return {user_id for user_id, ttl in zip(asked, ttls, strict=True) if 0 <= ttl <= TTL_SECONDS}
