"""How long a session may be in no namespace, and how often it may connect to one."""

from collections.abc import Callable

from im.budget import Bucket
from im.deadlines import Deadlines
from im.wheel import Wheel

_SECONDS = 15
# Beyond the first one of a session, which costs nothing. Each may take a token to verify and a history to read.
_A_SECOND = 0.2
_AT_ONCE = 5


class Connects:
    """Knows of a session only what its first CONNECT does not settle."""

    def __init__(self, wheel: Wheel, on_late: Callable[[str], None]) -> None:
        """`on_late` takes the id of a session that is in no namespace for too long."""
        self._expected = Deadlines(wheel, seconds=_SECONDS, on_late=on_late)
        self._buckets: dict[str, Bucket] = {}

    @property
    def expected(self) -> int:
        """How many sessions are in no namespace."""
        return len(self._expected)

    def expect(self, eio_sid: str) -> None:
        """Give a session that is in no namespace its time to connect; sending something else does not prolong it."""
        if eio_sid not in self._expected:
            self._expected.start(eio_sid)

    def admit(self, eio_sid: str) -> bool:
        """Count a CONNECT; say whether it may be handled."""
        bucket = self._buckets.get(eio_sid)
        return bucket is None or bucket.take(1, a_second=_A_SECOND, at_once=_AT_ONCE) >= 0

    def stop_expecting(self, eio_sid: str) -> None:
        """A session is in a namespace."""
        self._expected.stop(eio_sid)

    def charge_next(self, eio_sid: str) -> None:
        """A connect was refused, or has ended: the next one is not the first, and no longer free."""
        self._buckets.setdefault(eio_sid, Bucket())

    def forget(self, eio_sid: str) -> None:
        self._expected.stop(eio_sid)
        self._buckets.pop(eio_sid, None)
