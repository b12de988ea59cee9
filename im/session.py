"""An Engine.IO session that costs no greenlet while its client is silent."""

import logging
import time
from collections import deque
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import eventlet
from engineio import exceptions
from engineio import packet as eio_packet
from eventlet.queue import Empty
from greenlet import getcurrent

from im import engine, frames, metrics
from im.connection import Connection

log = logging.getLogger(__name__)

_PONG = "3"
_SOCKETIO_CONNECT = "40"
_PING = eio_packet.Packet(eio_packet.PING)
_MOST_UNHANDLED = 64  # messages of a client that wait for its handlers; more wait in its socket
_SLICE_SECONDS = 0.001  # in which messages of one client are handled, before others have their turn


class _Leave:
    """Stands behind the messages that came before the end."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


class _NoQueue:
    """Stands where the library has a queue for each client, of those who need none."""

    def put(self, _packet: object) -> None: ...

    def get(self, **_options: object) -> None:
        raise Empty

    def task_done(self) -> None: ...

    def join(self) -> None: ...

    def empty(self) -> bool:
        return True

    def forget(self) -> None: ...


_NO_QUEUE = _NoQueue()


class Session(engine.Socket):
    """Over a websocket messages are handled one after the other, in a greenlet that ends when there are no more.

    A ping is answered, or missed, on the wheel that all sessions share.
    """

    def __init__(self, server: Any, sid: str, *, is_polling: bool) -> None:
        # Not the library's own: that makes a queue and a dictionary for each client.
        self.server = server
        self.sid = sid
        self.queue = server.create_queue() if is_polling else _NO_QUEUE
        self.connected = self.upgraded = not is_polling
        self.upgrading = self.closing = self.closed = False
        self.connection: Connection | None = None
        self.due = -1
        self._is_pinged = self._has_left = False
        self._inbox: deque[str | bytes | _Leave] | None = None
        self._handler: Any = None  # the greenlet that empties the inbox
        self._session: dict[str, Any] | None = None

    @property
    def session(self) -> dict[str, Any]:
        if self._session is None:
            self._session = {}
        return self._session

    @session.setter
    def session(self, session: dict[str, Any]) -> None:
        self._session = session

    def send(self, pkt: Any) -> None:
        """Write a packet, or keep it for the next poll."""
        if self.upgraded:
            if self.connection is not None:
                self.connection.write(_frame_of(pkt))
        elif not self.closed:
            super().send(pkt)

    def together(self) -> AbstractContextManager[None]:
        """Send what is written meanwhile with few system calls, and let it in as one batch."""
        if not self.upgraded:
            return super().together()
        return nullcontext() if self.connection is None else self.connection.batch()

    def schedule_ping(self) -> None:
        """Ping the client after an interval. Called when it came, and for each of its answers."""
        if not self.closed:
            self._is_pinged = False
            self.server.wheel.put(self, self.server.ping_interval)

    def on_due(self) -> None:
        """Ping, or give up a client that did not answer."""
        if self.closed:
            return
        if not self._is_pinged:
            self._is_pinged = True
            self.server.wheel.put(self, self.server.ping_timeout)
            self.send(_PING)
        else:
            metrics.MISSED_PONGS.inc()
            self._leave_soon(self.server.reason.PING_TIMEOUT)

    @property
    def is_busy(self) -> bool:
        return self._inbox is not None

    def send_away(self, limit: str) -> None:
        if self.connection is not None and self.upgraded and not self.closed:
            self.connection.refuse(frames.BEYOND_LIMITS, limit)
        super().send_away(limit)

    def check_ping_timeout(self) -> bool:
        return not self.closed

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """End the session; with `abort` without a word, so that the client comes back by itself."""
        if self.closed:
            return
        if not abort:
            self.send(eio_packet.Packet(eio_packet.CLOSE))
        self.closing = self.closed = True
        self.server.wheel.remove(self)
        self.queue.put(None)
        self.queue.forget()
        if self.connection is not None:
            self.connection.finish()
        reason = reason or self.server.reason.SERVER_DISCONNECT
        if self._handler is None or self._handler is getcurrent():
            self._leave(reason)
        else:
            # What the message in hand begins, a connect for instance, has to be there before it can end.
            self._arrive(_Leave(reason))

    def come_over(self) -> None:
        """Go on over the websocket that was probed, with what waits for a poll."""
        queue, self.queue = self.queue, _NO_QUEUE
        self.upgrading, self.upgraded = False, True
        with self.together():
            while not queue.empty():
                pkt = queue.get()
                if pkt is not None and pkt.packet_type != eio_packet.NOOP:
                    self.send(pkt)

    def on_message(self, payload: str | bytes) -> None:
        if payload == _PONG:
            self.schedule_ping()
        else:
            self._arrive(payload)

    def on_gone(self) -> None:
        self._leave_soon(self.server.reason.TRANSPORT_CLOSE)

    def _upgrade_websocket(self, environ: dict[str, Any], _start_response: object) -> Any:
        return self.server.upgrade(self, environ)

    def _leave_soon(self, reason: str) -> None:
        if not self.closed:
            self._arrive(_Leave(reason))

    def _arrive(self, item: str | bytes | _Leave) -> None:
        if self._inbox is None:
            self._inbox = deque((item,))
            # Who comes or leaves may be one of thousands; everybody else is served at once.
            is_one_of_many = isinstance(item, _Leave) or item[:2] == _SOCKETIO_CONNECT
            (self.server.turns.spawn if is_one_of_many else eventlet.spawn_n)(self._handle_all)
            return
        self._inbox.append(item)
        if len(self._inbox) > _MOST_UNHANDLED and self.connection is not None:
            self.connection.pause()

    def _handle_all(self) -> None:
        self._handler = getcurrent()
        until = time.monotonic() + _SLICE_SECONDS
        while self._inbox:
            self._handle(self._inbox.popleft())
            if self._inbox and time.monotonic() > until:
                self._handler = None
                self.server.turns.spawn(self._handle_all)
                return
        self._handler = self._inbox = None
        if self.connection is not None:
            self.connection.resume()

    def _handle(self, item: str | bytes | _Leave) -> None:
        if isinstance(item, _Leave):
            self.close(wait=False, abort=True, reason=item.reason)
            self._leave(item.reason)
        elif not self.closed:
            try:
                self.receive(eio_packet.Packet(encoded_packet=item))
            except exceptions.UnknownPacketError:
                pass  # the session has ended
            except Exception:
                log.debug("a client's packet makes no sense", exc_info=True)
                self.fail()

    def _leave(self, reason: str) -> None:
        if self._has_left:
            return
        self._has_left = True
        self.server._trigger_event("disconnect", self.sid, reason)
        self.server.sockets.pop(self.sid, None)


def _frame_of(pkt: Any) -> bytes:
    """Encode a packet once, however many clients it goes to."""
    frame: bytes | None = getattr(pkt, "frame", None)
    if frame is None:
        encoded = pkt.encode()
        frame = frames.encode(frames.BINARY, encoded) if pkt.binary else frames.encode(frames.TEXT, encoded.encode())
        pkt.frame = frame
    return frame
