"""Limits on how long a session can stay without a namespace, and on how often it can connect to one."""

from collections.abc import Callable

from im.hub.deadlines import Deadlines
from im.hub.rate_limit import TokenBucket
from im.hub.timer_wheel import TimerWheel

# For the connects after the first one of a session, which is free. Each can verify a token and read a history.
_CONNECTS_PER_SECOND = 0.2
_CONNECTS_BURST = 5


class ConnectLimits:
    """Keeps nothing for a session whose first CONNECT succeeded."""

    def __init__(self, wheel: TimerWheel, *, seconds: float, on_late: Callable[[str], None]) -> None:
        """`on_late` gets the id of a session that is in no namespace for these seconds. It must not wait."""
        self._expected = Deadlines(wheel, seconds=seconds, on_late=on_late)
        self._buckets: dict[str, TokenBucket] = {}

    @property
    def expected(self) -> int:
        """Return how many sessions are in no namespace."""
        return len(self._expected)

    def expect(self, eio_sid: str) -> None:
        """Start the time in which a session must connect to a namespace. Other messages do not extend it."""
        if eio_sid not in self._expected:
            self._expected.start(eio_sid)

    def admit(self, eio_sid: str) -> bool:
        """Count a CONNECT; return whether it is within the limit."""
        bucket = self._buckets.get(eio_sid)
        return bucket is None or bucket.take(1, per_second=_CONNECTS_PER_SECOND, burst=_CONNECTS_BURST) >= 0

    def stop_expecting(self, eio_sid: str) -> None:
        """Stop the time, because the session is in a namespace."""
        self._expected.stop(eio_sid)

    def charge_next(self, eio_sid: str) -> None:
        """Make the next CONNECT count, because one was refused or has ended."""
        self._buckets.setdefault(eio_sid, TokenBucket())

    def forget(self, eio_sid: str) -> None:
        self._expected.stop(eio_sid)
        self._buckets.pop(eio_sid, None)
