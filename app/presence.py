"""Who is online, as the IM servers say and the API reads."""

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
