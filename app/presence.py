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
    """Say whether a user has an open socket; False where Redis is away.

    A key that would stay for longer than the servers have it stay is none of theirs.
    """
    try:
        return 0 <= redis.ttl(key_of(user_id)) <= TTL_SECONDS
    except RedisError:
        return False


def online_among(redis: Redis, user_ids: Iterable[int]) -> set[int]:
    """Return those who have an open socket, in one round trip; nobody where Redis is away."""
    asked = list(user_ids)
    if not asked:
        return set()
    try:
        values = redis.mget([key_of(user_id) for user_id in asked])
    except RedisError:
        return set()
    return {user_id for user_id, value in zip(asked, values, strict=True) if value is not None}
