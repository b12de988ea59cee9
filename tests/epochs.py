"""A Redis with a verified epoch, as after a dispatch."""

import time

from redis import Redis

from core.epochs import PLACES, Epochs
from core.keys import Keys


def empty(redis: Redis) -> None:
    """Delete everything in Redis but a verified epoch."""
    redis.flushall()
    Epochs(redis).establish()


def offset_in(redis: Redis, milliseconds: int, place: int = 0) -> str:
    """Return an offset of the present epoch."""
    epoch = redis.hget(Keys().epoch, "epoch")
    return f"{milliseconds}-{int(epoch or 0) * PLACES + place}"  # type: ignore[arg-type]


def moment() -> int:
    """Return the current time for a count that is about to be read; Redis has this machine's clock here."""
    return time.time_ns() // 1000
