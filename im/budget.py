"""Token buckets: how much a client may do at once, and how much in the long run."""

import time
from enum import Enum

from im import metrics

MESSAGES_A_SECOND = 200  # that a client may send without end; a person who types sends one
MESSAGES_AT_ONCE = 1000  # what a client has queued while it was away
PAUSE_SECONDS = 1  # in which nothing is read from a client that has spent its budget
MOST_PAUSES = 10  # in a row; then it is closed

FLOOD = "flood"  # the reason, to its client and in toutiao_im_sent_away_total

_BYTES_OF_A_MESSAGE = 1024  # what is longer counts as several


class Bucket:
    """A token bucket as the one moment at which it is full again: no timer fills it.

    What more is taken than there was is owed, and earned before anything else.
    """

    __slots__ = ("_full_at",)

    def __init__(self) -> None:
        self._full_at = 0.0  # of the monotonic clock

    def take(self, tokens: float, *, a_second: float, at_once: float) -> float:
        """Take tokens out of a bucket that holds `at_once` and is filled by `a_second`; return what is left in it."""
        now = time.monotonic()
        self._full_at = max(self._full_at, now) + tokens / a_second
        return round(at_once - (self._full_at - now) * a_second, 6)  # the clock's own steps are no debt


class Verdict(Enum):
    """What has to be done with a client that has spent more than its budget."""

    PAUSE = "pause"  # read nothing of it for PAUSE_SECONDS
    CLOSE = "close"  # it went on after every pause that it was given


class Budget(Bucket):
    """What a client may send."""

    __slots__ = ("_pauses",)

    def __init__(self) -> None:
        super().__init__()
        self._pauses = 0

    def spend(self, messages: float, size: int) -> Verdict | None:
        """Pay for messages that have come, `size` bytes in all; say what to do, or None where there was enough."""
        tokens = messages + size / _BYTES_OF_A_MESSAGE
        left = self.take(tokens, a_second=MESSAGES_A_SECOND, at_once=MESSAGES_AT_ONCE)
        if left >= 0:
            if left > MESSAGES_AT_ONCE / 2:
                self._pauses = 0
            return None
        self._pauses += 1
        if self._pauses > MOST_PAUSES:
            return Verdict.CLOSE
        metrics.PAUSES.inc()
        return Verdict.PAUSE
