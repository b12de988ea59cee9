"""Knows the last notification of each socket, and reads missing ones from the history.

A push names its own offset and the previous one. A socket that has got the previous one gets the push. A socket that
has already got the push does not get it again. Any other socket first reads what it missed from the history. So a
socket gets its user's notifications in order and without gaps, even if the message queue loses, repeats or swaps some.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext

import eventlet

from core import events, wire
from core.epochs import epoch_of
from core.history import EMPTY, Gap
from core.replays import Missed, Replays
from core.tokens import Claims
from im import metrics
from im.delivery import gap_views
from im.delivery.catch_up import RETRY_SECONDS, CatchUp
from im.delivery.client import Client
from im.delivery.cursor import Cursor, PreparedMessage
from im.delivery.socketio_server import Server
from im.log_limit import LogLimit
from im.transport.engineio_socket import EngineIOSocket

log = logging.getLogger(__name__)
log.addFilter(LogLimit(10))

_BEGINNING = EMPTY.encode()


class Delivery:
    def __init__(self, sio: Server, replays: Replays, *, retry_seconds: Sequence[float] = RETRY_SECONDS) -> None:
        self._sio = sio
        self._sockets = sio.eio.sockets
        self._cursors: dict[str, Cursor] = {}
        self._catch_up = CatchUp(replays, self._resume, self.fail, retry_seconds=retry_seconds)

    def open_cursor(
        self, sid: str, eio_sid: str | None, claims: Claims, client: Client, *, wants_groups: bool = False
    ) -> Cursor:
        """Hold what is pushed to this socket, until `replay` has sent earlier notifications and `go_live` is called."""
        cursor = self._cursors[sid] = Cursor(self._socket(eio_sid), claims, client, wants_groups=wants_groups)
        return cursor

    def batch(self, sid: str) -> AbstractContextManager[None]:
        """Send what is written to this socket inside the block as one batch."""
        cursor = self._cursors.get(sid)
        return cursor.socket.batch() if cursor and cursor.socket else nullcontext()

    def close_cursor(self, sid: str) -> str | None:
        """Forget a socket. Return its user, None for an anonymous client."""
        cursor = self._cursors.pop(sid, None)
        if cursor is None:
            return None
        cursor.socket = None
        return cursor.user_id

    def cursor(self, sid: str) -> Cursor | None:
        return self._cursors.get(sid)

    def cursors(self) -> list[tuple[str, Cursor]]:
        """Return the sockets of all users."""
        return list(self._cursors.items())

    def cursors_of(self, user_id: str) -> list[tuple[str, Cursor]]:
        """Return the sockets of a user on this server, but for those that are being closed."""
        members = self._sio.manager.members("/", user_id)
        cursors = ((sid, self._cursors.get(sid)) for sid, _ in members)
        return [(sid, cursor) for sid, cursor in cursors if cursor is not None and not cursor.is_disconnecting]

    def note_event(self, sid: str) -> None:
        """Remember that a client sent an event just now, so that it does not count as idle."""
        cursor = self._cursors.get(sid)
        if cursor is not None:
            cursor.active_at = time.monotonic()

    def replay(self, sid: str, last_offset: str | None, gap: Gap | None) -> bool:
        """Send what followed `last_offset`; return whether the socket is still connected.

        `gap` is None while the history is unavailable.
        """
        cursor = self._cursors.get(sid)
        if cursor is None:
            return False
        if gap is not None:
            metrics.REPLAYED.inc(self._write_all(cursor, gap))
            if last_offset is None and cursor.held:
                cursor.last = cursor.held[0].previous  # these were pushed after the socket connected, so it gets them
        return True

    def go_live(self, sid: str) -> None:
        """Send the held pushes, then each new one as it arrives."""
        cursor = self._cursors.get(sid)
        if cursor is not None:
            self._release(sid, cursor)

    def deliver(self, members: Iterable[tuple[str, str]], push: PreparedMessage) -> None:
        """Send one push to each (sid, eio_sid) of a room. Does not switch greenlets, so the order of pushes is kept."""
        cursors = self._cursors
        for sid, eio_sid in members:
            try:
                cursor = cursors.get(sid)
                if cursor is None:
                    self._write(self._socket(eio_sid), push)
                elif not push.offset:
                    self._write(cursor.socket, push)
                else:
                    self._offer(sid, cursor, push)
            except Exception:  # noqa: BLE001  (one socket must not stop the others; fail() logs the error)
                self.fail(sid)

    def catch_up_all(self) -> None:
        """Let every socket read what it missed. Called after each subscribing to the message queue."""
        for sid in list(self._cursors):
            try:
                self._start_reading(sid)
            except Exception:  # noqa: BLE001  (one socket must not stop the others; fail() logs the error)
                self.fail(sid)

    def fail(self, sid: str) -> None:
        """Close one socket in an except clause for its error: its client reconnects, and the other sockets go on."""
        log.exception("socket %s is closed after an unexpected error; its client reconnects", sid)
        metrics.DISCONNECTED.labels("failed").inc()
        cursor = self._cursors.get(sid)
        self._close(cursor.socket if cursor else self._socket(self._sio.manager.eio_sid_from_sid(sid, "/")))

    def _offer(self, sid: str, cursor: Cursor, push: PreparedMessage) -> None:
        if cursor.is_reading:
            self._hold(cursor, push)
        elif push.previous == cursor.last or cursor.last is None:
            cursor.last = push.offset
            if push.audience is not cursor.passed_over:
                self._write(cursor.socket, push)
        elif _order(push.offset) > _order(cursor.last) or _is_in_new_history(push, cursor.last):
            metrics.GAPS.inc()
            self._start_reading(sid)

    def _start_reading(self, sid: str) -> None:
        cursor = self._cursors.get(sid)
        if cursor is None or cursor.is_reading:
            return
        if cursor.last is None:
            # The history was unavailable when this socket connected, so only its client knows what it has missed.
            self._disconnect(cursor)
        else:
            cursor.is_reading = True
            self._catch_up.soon(sid, cursor)

    def _resume(self, sid: str, cursor: Cursor, missed: Missed) -> None:
        """Send what a socket missed, and the unread count, which may have changed in that time."""
        if self._cursors.get(sid) is not cursor:
            return
        if missed.gap is None or not missed.is_complete((cursor.last or b"").decode()):
            self._disconnect(cursor)
            return
        with self.batch(sid):
            metrics.CAUGHT_UP.inc(self._write_all(cursor, missed.gap))
            if missed.unread.count is not None:
                unread = wire.encode_packet(events.UNREAD, events.Unread(count=missed.unread.count))
                self._write(cursor.socket, PreparedMessage(b"", b"", unread))
            self._release(sid, cursor)

    def _release(self, sid: str, cursor: Cursor) -> None:
        cursor.is_reading = False
        for push in cursor.take_held():
            self._offer(sid, cursor, push)

    def _hold(self, cursor: Cursor, push: PreparedMessage) -> None:
        if cursor.is_full:
            self._disconnect(cursor)
        else:
            cursor.hold(push)

    def _disconnect(self, cursor: Cursor) -> None:
        """Close the transport: the client reconnects by itself, and `sync` tells it to read its inbox."""
        if not cursor.is_disconnecting:
            cursor.is_disconnecting = True
            metrics.DISCONNECTED.labels("history").inc()
            self._close(cursor.socket)

    def _write_all(self, cursor: Cursor, gap: Gap) -> int:
        """Send what is for this socket; return how many packets these are."""
        packets = gap_views.packets_for([packet for _offset, packet in gap.packets], cursor.passed_over)
        for packet in packets:
            self._write(cursor.socket, PreparedMessage(b"", b"", packet))
        cursor.last = gap.newest.encode()
        if cursor.held:
            sent = {offset.encode() for offset, _packet in gap.packets}
            cursor.held = [push for push in cursor.held if push.offset not in sent]
        return len(packets)

    def _socket(self, eio_sid: str | None) -> EngineIOSocket | None:
        return None if eio_sid is None else self._sockets.get(eio_sid)

    def _write(self, socket: EngineIOSocket | None, push: PreparedMessage) -> None:
        if socket is None or socket.closed:
            return
        metrics.HOT.pushes += 1
        socket.send(push)

    def _close(self, socket: EngineIOSocket | None) -> None:
        if socket is None:
            return
        # Without a CLOSE packet: the official clients reconnect after a lost connection, but not after a CLOSE packet.
        eventlet.spawn_n(socket.close, wait=False, abort=True)


def _is_in_new_history(push: PreparedMessage, last: bytes) -> bool:
    """Return whether the push and `last` are from different histories: offsets of the new one may be smaller."""
    return push.previous == _BEGINNING or epoch_of(push.offset) != epoch_of(last)


def _order(offset: bytes) -> tuple[int, int]:
    milliseconds, _, sequence = offset.partition(b"-")
    return int(milliseconds), int(sequence)
