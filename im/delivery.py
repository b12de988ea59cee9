"""Which notification each socket has had, and what to do when one is missing.

A push names its own offset and the one before. A socket that had the one before takes it; one that had it already does
not; one that had neither reads what is missing from the history. So a socket gets its user's notifications in order
and without holes, whatever the message queue lost, repeated or swapped.
"""

import logging
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import eventlet

from app import events
from app.epochs import epoch_of
from app.history import EMPTY, Gap
from app.replays import Replays
from app.unread import Remembered
from im import metrics
from im.catch_up import RETRY_SECONDS, CatchUp
from im.log_limit import LogLimit
from im.seats import Push, Seat, is_forgotten

log = logging.getLogger(__name__)
log.addFilter(LogLimit(10))

_BEGINNING = EMPTY.encode()


class Delivery:
    def __init__(self, sio: Any, replays: Replays, *, retry_seconds: Sequence[float] = RETRY_SECONDS) -> None:
        self._sio = sio
        self._sockets = sio.eio.sockets
        self._seats: dict[str, Seat] = {}
        self._catch_up = CatchUp(replays, self._resume, self.fail, retry_seconds=retry_seconds)

    def take_seat(self, sid: str, eio_sid: str, user_id: int) -> None:
        """Begin to hold what is pushed to this socket, until `replay` has sent what came before."""
        self._seats[sid] = Seat(self._sockets.get(eio_sid), user_id)

    def together(self, sid: str) -> AbstractContextManager[None]:
        """Have what is sent to this socket meanwhile go out as one batch."""
        seat = self._seats.get(sid)
        return seat.socket.together() if seat and seat.socket else nullcontext()

    def leave_seat(self, sid: str) -> int | None:
        """Forget a socket; return its user."""
        seat = self._seats.pop(sid, None)
        if seat is None:
            return None
        seat.socket = None
        return seat.user_id

    def has_seat(self, sid: str) -> bool:
        return sid in self._seats

    def replay(self, sid: str, last_offset: str | None, gap: Gap | None) -> bool:
        """Send what followed `last_offset`; say whether the socket is still there. No gap: the history is away."""
        seat = self._seats.get(sid)
        if seat is None:
            return False
        if gap is not None:
            self._write_all(seat, gap)
            if last_offset is None and seat.held:
                seat.last = seat.held[0].previous  # pushed after this socket came, and so its own to have
        return True

    def begin(self, sid: str) -> None:
        """Go over to live pushes, those first that came meanwhile."""
        seat = self._seats.get(sid)
        if seat is not None:
            self._release(sid, seat)

    def deliver(self, members: Iterable[tuple[str, str]], push: Push) -> None:
        """Send one push to each (sid, eio_sid) of a room."""
        seats = self._seats
        for sid, eio_sid in members:
            try:
                seat = seats.get(sid)
                if seat is None:
                    self._write(self._sockets.get(eio_sid), push)
                elif not push.offset:
                    self._write(seat.socket, push)
                else:
                    self._offer(sid, seat, push)
            except Exception:  # noqa: BLE001  (of one socket; logged there)
                self.fail(sid)

    def catch_up_all(self) -> None:
        """Have every socket read what it missed: called whenever the message queue is heard again."""
        for sid in list(self._seats):
            try:
                self._start_reading(sid)
            except Exception:  # noqa: BLE001  (of one socket; logged there)
                self.fail(sid)

    def fail(self, sid: str) -> None:
        """Close a socket while an error of its own is handled: its client comes back, and the others go on."""
        log.exception("socket %s is closed", sid)
        metrics.SENT_AWAY.labels("failed").inc()
        seat = self._seats.get(sid)
        self._close(seat.socket if seat else self._sockets.get(self._sio.manager.eio_sid_from_sid(sid, "/")))

    def _offer(self, sid: str, seat: Seat, push: Push) -> None:
        if seat.is_reading:
            self._hold(seat, push)
        elif push.previous == seat.last or seat.last is None:
            seat.last = push.offset
            self._write(seat.socket, push)
        elif _order(push.offset) > _order(seat.last) or _has_begun_anew(push, seat.last):
            metrics.GAPS.inc()
            self._start_reading(sid)

    def _start_reading(self, sid: str) -> None:
        seat = self._seats.get(sid)
        if seat is None or seat.is_reading:
            return
        if seat.last is None:
            # The history was away when this socket came. What it has missed since nobody can tell but its client.
            self._send_away(seat)
        else:
            seat.is_reading = True
            self._catch_up.soon(sid, seat)

    def _resume(self, sid: str, seat: Seat, gap: Gap | None, unread: Remembered) -> None:
        """Go on with what a socket missed and the unread count, which may have changed unheard as well."""
        if self._seats.get(sid) is not seat:
            return
        if gap is None or not gap.is_covered or is_forgotten((seat.last or b"").decode(), gap, unread):
            self._send_away(seat)
            return
        metrics.CAUGHT_UP.inc(len(gap.packets))
        with self.together(sid):
            self._write_all(seat, gap)
            if unread.count is not None:
                told = events.encode_packet(events.UNREAD, events.Unread(count=unread.count))
                self._write(seat.socket, Push(b"", b"", told))
            self._release(sid, seat)

    def _release(self, sid: str, seat: Seat) -> None:
        seat.is_reading = False
        for push in seat.take_held():
            self._offer(sid, seat, push)

    def _hold(self, seat: Seat, push: Push) -> None:
        if seat.is_full:
            self._send_away(seat)
        else:
            seat.hold(push)

    def _send_away(self, seat: Seat) -> None:
        """Close the transport: the client comes back by itself, and hears that it has to read its inbox."""
        if not seat.is_sent_away:
            seat.is_sent_away = True
            metrics.SENT_AWAY.labels("history").inc()
            self._close(seat.socket)

    def _write_all(self, seat: Seat, gap: Gap) -> None:
        for _offset, packet in gap.packets:
            self._write(seat.socket, Push(b"", b"", packet))
        seat.last = gap.newest.encode()
        if seat.held:
            had = {offset.encode() for offset, _packet in gap.packets}
            seat.held = [push for push in seat.held if push.offset not in had]

    def _write(self, socket: Any, push: Push) -> None:
        if socket is None or socket.closed:
            return
        metrics.HOT.pushes += 1
        socket.send(push)

    def _close(self, socket: Any) -> None:
        if socket is None:
            return
        # Without a CLOSE packet: a client that is told to go stays away, one whose connection ends comes back.
        eventlet.spawn_n(socket.close, wait=False, abort=True, reason=self._sio.reason.SERVER_DISCONNECT)


def _has_begun_anew(push: Push, last: bytes) -> bool:
    """Say whether the history is another than that of `last`: its offsets may be smaller than those before."""
    return push.previous == _BEGINNING or epoch_of(push.offset) != epoch_of(last)


def _order(offset: bytes) -> tuple[int, int]:
    milliseconds, _, sequence = offset.partition(b"-")
    return int(milliseconds), int(sequence)
