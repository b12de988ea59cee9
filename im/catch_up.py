"""What open sockets missed while the message queue was not heard. Read for many of them at once."""

import logging
from collections import deque
from collections.abc import Callable, Sequence

import eventlet

from app import primary
from app.cache import RedisError
from app.epochs import Unverified
from app.history import Gap
from app.replays import Replays
from app.unread import UNKNOWN, Remembered
from im.seats import Seat

log = logging.getLogger(__name__)

_AT_ONCE = 64
RETRY_SECONDS: Sequence[float] = (0.5, 1, 2, 4, 8)

# Takes the seat, what it missed, and what is known of the unread count; None and UNKNOWN for what nobody could read.
Resume = Callable[[str, Seat, Gap | None, Remembered], None]
# Called while an error of one socket is handled.
Fail = Callable[[str], None]


class CatchUp:
    """One greenlet reads for all who are behind, and gives up after a quarter of a minute."""

    def __init__(self, replays: Replays, resume: Resume, fail: Fail, *, retry_seconds: Sequence[float]) -> None:
        self._replays = replays
        self._resume = resume
        self._fail = fail
        self._retry_seconds = retry_seconds
        self._behind: deque[tuple[str, Seat]] = deque()
        self._is_reading = False

    def soon(self, sid: str, seat: Seat) -> None:
        """Call `resume` for a seat whose `last` is known, from another greenlet."""
        self._behind.append((sid, seat))
        if not self._is_reading:
            self._is_reading = True
            eventlet.spawn_n(self._read_all)

    def _read_all(self) -> None:
        try:
            while self._behind:
                next_ones = [self._behind.popleft() for _ in range(min(_AT_ONCE, len(self._behind)))]
                self._read_some([(sid, seat) for sid, seat in next_ones if seat.socket is not None])
                eventlet.sleep(0)
        finally:
            self._is_reading = False

    def _read_some(self, waiting: list[tuple[str, Seat]]) -> None:
        if waiting:
            seats = [seat for _, seat in waiting]
            for (sid, seat), (gap, count) in zip(waiting, self._patiently(seats), strict=True):
                try:
                    self._resume(sid, seat, gap, count)
                except Exception:  # noqa: BLE001  (of one socket; logged there)
                    self._fail(sid)

    def _patiently(self, seats: list[Seat]) -> list[tuple[Gap | None, Remembered]]:
        for pause in (*self._retry_seconds, None):
            try:
                return self._read(seats)
            except RedisError as error:
                log.warning("%d sockets can't catch up yet: %s", len(seats), error)
            except Exception:
                log.exception("%d sockets can't catch up", len(seats))
                break
            if pause is not None:
                eventlet.sleep(pause)
        return [(None, UNKNOWN)] * len(seats)

    def _read(self, seats: list[Seat]) -> list[tuple[Gap | None, Remembered]]:
        """Read; raise Unverified until a worker has compared Redis with the database, which it does in seconds."""
        primary.doubt()  # it may have been missed by a failover, and the old primary knows nothing of it
        read = self._replays.read_many([(seat.user_id, (seat.last or b"").decode()) for seat in seats])
        if any(gap is None for gap, _ in read):
            raise Unverified("Redis' data may be older than what was dispatched")
        return list(read)
