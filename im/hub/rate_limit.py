"""Token buckets: limits on what a client can do in a burst and in the long run."""

import time
from dataclasses import dataclass
from enum import Enum

from im import metrics

BURST_SECONDS = 5  # a client can have queued what so many seconds allow while it was offline
PAUSE_SECONDS = 1  # nothing is read for so long from a client whose budget is spent
MAX_CONSECUTIVE_PAUSES = 10  # after so many pauses in a row, the client is closed

FLOOD = "flood"  # the reason for the close, sent to the client and counted in toutiao_im_disconnects_total


class TokenBucket:
    """A token bucket, stored as the time at which it is full again. So it needs no timer."""

    __slots__ = ("_full_at",)

    def __init__(self) -> None:
        self._full_at = 0.0  # a value of time.monotonic()

    @property
    def is_full(self) -> bool:
        return self._full_at <= time.monotonic()

    def take(self, tokens: float, *, per_second: float, burst: float) -> float:
        """Take tokens from a bucket of the size `burst` that fills by `per_second`; return how many are left.

        More tokens can be taken than it holds. The bucket then fills up this debt first.
        """
        now = time.monotonic()
        self._full_at = max(self._full_at, now) + tokens / per_second
        return round(burst - (self._full_at - now) * per_second, 6)  # rounding errors are no debt

    def take_if_left(self, *, per_second: float, burst: float) -> bool:
        """Take one token if the bucket holds one; return whether it did."""
        now = time.monotonic()
        full_at = max(self._full_at, now) + 1 / per_second
        if round(burst - (full_at - now) * per_second, 6) < 0:
            return False
        self._full_at = full_at
        return True


@dataclass(frozen=True, slots=True)
class ClientRate:
    """What one client may send for any time. A person who types sends one message in a second."""

    messages_per_second: float
    bytes_per_second: float


class Verdict(Enum):
    """What to do with a client that spent more than its budget."""

    PAUSE = "pause"  # read nothing from it for PAUSE_SECONDS
    CLOSE = "close"  # it went on sending after every pause


class Budget(TokenBucket):
    """The rate limit on the messages of one client: a bucket of seconds, which each message and each byte costs."""

    __slots__ = ("_pauses",)

    def __init__(self) -> None:
        super().__init__()
        self._pauses = 0

    def spend(self, messages: float, size: int, rate: ClientRate) -> Verdict | None:
        """Pay for messages of `size` bytes in total; return what to do, or None if the budget was enough."""
        seconds = messages / rate.messages_per_second + size / rate.bytes_per_second
        left = self.take(seconds, per_second=1, burst=BURST_SECONDS)
        if left >= 0:
            if left > BURST_SECONDS / 2:
                self._pauses = 0
            return None
        self._pauses += 1
        if self._pauses > MAX_CONSECUTIVE_PAUSES:
            return Verdict.CLOSE
        metrics.PAUSES.inc()
        return Verdict.PAUSE
