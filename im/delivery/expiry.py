"""Warns a client before its token ends, and closes its socket soon after the end."""

import time
from collections.abc import Callable

import eventlet

from core import events
from im.delivery.closing import TOKEN_EXPIRED, Closer
from im.delivery.cursor import Cursor
from im.delivery.delivery import Delivery
from im.delivery.socketio_server import Server
from im.hub.batches import Batches
from im.hub.time_slice import TimeSlice
from im.hub.timer_wheel import TimerWheel

WARN_SECONDS = 60  # before the end of the token
SWEEP_SECONDS = 60
_NEAR_SECONDS = 2 * SWEEP_SECONDS  # what has to be done by then is on the timer wheel
_LONGEST_SECONDS = 60  # on the timer wheel
_AT_ONCE = 64


class _Watch:
    """A socket with something to do soon."""

    __slots__ = ("_expiry", "cursor", "due", "is_warned", "sid")

    def __init__(self, expiry: "Expiry", sid: str, cursor: Cursor) -> None:
        self._expiry = expiry
        self.sid = sid
        self.cursor = cursor
        self.is_warned = False
        self.due = -1

    def on_due(self) -> None:
        self._expiry.soon(self)


class Expiry:
    """Most tokens live for hours or days. So their sockets are only looked at once a minute, all in one go.

    Those with little time left are on the timer wheel. `exp` is a time of day, and clocks are set: the clock is read
    again whenever something is due.
    """

    def __init__(
        self,
        sio: Server,
        delivery: Delivery,
        closer: Closer,
        *,
        wheel: TimerWheel,
        grace_seconds: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._sio = sio
        self._delivery = delivery
        self._closer = closer
        self._wheel = wheel
        self._grace_seconds = grace_seconds
        self._now = now
        self._near: dict[str, _Watch] = {}
        self._due: Batches[_Watch] = Batches(self._act_on_all, at_once=_AT_ONCE)
        self._time_slice = TimeSlice()

    def __len__(self) -> int:
        return len(self._near)

    def watch(self, sid: str, cursor: Cursor) -> None:
        """Warn and close this socket in time. Call it again when the socket has got another token."""
        self.forget(sid)
        if cursor.expires_at - WARN_SECONDS - self._now() < _NEAR_SECONDS:
            watch = self._near[sid] = _Watch(self, sid, cursor)
            self._wait(watch)

    def forget(self, sid: str) -> None:
        watch = self._near.pop(sid, None)
        if watch is not None:
            self._wheel.remove(watch)

    def sweep_for_ever(self) -> None:
        """Find sockets with little time left. Switches greenlets."""
        while True:
            eventlet.sleep(SWEEP_SECONDS)
            self.sweep()

    def sweep(self) -> None:
        for sid, cursor in self._delivery.cursors():
            if sid not in self._near and self._delivery.cursor(sid) is cursor:
                self.watch(sid, cursor)
            self._time_slice.yield_if_due()

    def soon(self, watch: _Watch) -> None:
        """Let another greenlet do what is due: the timer wheel must not wait."""
        self._due.add(watch)

    def _wait(self, watch: _Watch) -> None:
        seconds = self._next_at(watch) - self._now()
        self._wheel.put(watch, min(max(0.0, seconds), _LONGEST_SECONDS))

    def _next_at(self, watch: _Watch) -> float:
        expires_at = watch.cursor.expires_at
        return expires_at + self._grace_seconds if watch.is_warned else expires_at - WARN_SECONDS

    def _act_on_all(self, watches: list[_Watch]) -> None:
        """Warn or close these sockets. Switches greenlets."""
        for watch in watches:
            if self._near.get(watch.sid) is watch:
                try:
                    self._act(watch)
                except Exception:  # noqa: BLE001  (one socket must not stop the others; fail() logs the error)
                    self._delivery.fail(watch.sid)
            self._time_slice.yield_if_due()

    def _act(self, watch: _Watch) -> None:
        now, sid, cursor = self._now(), watch.sid, watch.cursor
        if now >= cursor.expires_at + self._grace_seconds:
            del self._near[sid]
            self._closer.close_soon(sid, cursor, TOKEN_EXPIRED)
            return
        if now >= cursor.expires_at - WARN_SECONDS and not watch.is_warned:
            watch.is_warned = True
            warning = events.TokenExpiring(expires_at=int(cursor.expires_at))
            self._sio.emit(events.TOKEN_EXPIRING, warning, room=sid, ignore_queue=True)
        self._wait(watch)
