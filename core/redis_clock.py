"""Redis' clock, which workers and IM servers share: the clocks of their machines may differ by hours."""

import logging
import time

from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_OLDEST_SECONDS = 60


class RedisClock:
    """Asks Redis for its time now and then, and counts by this machine's monotonic clock in between.

    While Redis has never answered, it is the clock of this machine.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._ahead_seconds = time.time() - time.monotonic()  # of the monotonic clock
        self._asked_at = -float("inf")

    def now(self, *, asked_within_seconds: float = _OLDEST_SECONDS) -> float:
        """Return Unix seconds. Ask Redis first, unless it was asked within the given time. Raise nothing."""
        if time.monotonic() - self._asked_at > asked_within_seconds:
            self._ask()
        return time.monotonic() + self._ahead_seconds

    def _ask(self) -> None:
        self._asked_at = time.monotonic()
        try:
            seconds, microseconds = self._redis.time()
        except RedisError as error:
            log.info("can't ask Redis for its time, so this process counts on: %s", error)
        else:
            self._ahead_seconds = seconds + microseconds / 1e6 - time.monotonic()
