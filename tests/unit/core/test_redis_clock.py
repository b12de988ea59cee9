"""Redis' clock, also while Redis does not answer."""

import time
from typing import Any

from redis.exceptions import ConnectionError as Disconnected

from core.redis_clock import RedisClock

HOUR = 3600


class FakeRedis:
    def __init__(self, ahead_seconds: float) -> None:
        self.ahead_seconds = ahead_seconds
        self.is_unavailable = False
        self.asked = 0

    def time(self) -> tuple[int, int]:
        self.asked += 1
        if self.is_unavailable:
            raise Disconnected("unavailable")
        now = time.time() + self.ahead_seconds
        return int(now), int(now % 1 * 1e6)


def clock_of(redis: Any) -> RedisClock:
    return RedisClock(redis)


def is_ahead(clock: RedisClock, seconds: float, **options: float) -> bool:
    return abs(clock.now(**options) - time.time() - seconds) < HOUR / 4


def test_it_is_the_clock_of_redis_and_not_of_this_machine() -> None:
    assert is_ahead(clock_of(FakeRedis(HOUR)), HOUR)


def test_redis_is_asked_once_and_again_where_a_caller_needs_it() -> None:
    redis = FakeRedis(0)
    clock = clock_of(redis)
    for _ in range(3):
        clock.now()
    assert redis.asked == 1

    redis.ahead_seconds = HOUR

    assert is_ahead(clock, HOUR, asked_within_seconds=0)
    assert redis.asked == 2


def test_it_counts_on_while_redis_is_unavailable() -> None:
    redis = FakeRedis(HOUR)
    clock = clock_of(redis)
    clock.now()
    redis.is_unavailable = True

    assert is_ahead(clock, HOUR, asked_within_seconds=0)


def test_it_is_the_clock_of_this_machine_while_redis_has_never_answered() -> None:
    redis = FakeRedis(HOUR)
    redis.is_unavailable = True

    assert is_ahead(clock_of(redis), 0)
