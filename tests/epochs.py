"""A Redis as a worker leaves it: with an epoch that is verified."""

import time

from redis import Redis

from app.epochs import KEY, PLACES, Epochs


def empty(redis: Redis) -> None:
    """Have Redis hold nothing but an epoch."""
    redis.flushall()
    Epochs(redis).establish()


def offset_in(redis: Redis, milliseconds: int, place: int = 0) -> str:
    """Return an offset of the present epoch."""
    epoch = redis.hget(KEY, "epoch")
    return f"{milliseconds}-{int(epoch or 0) * PLACES + place}"  # type: ignore[arg-type]


def moment() -> int:
    """Return the moment of a count that is about to be read: here Redis has this machine's clock."""
    return time.time_ns() // 1000
