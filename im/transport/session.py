"""An Engine.IO session that has no greenlet while its client is silent."""

import logging
import time
from collections import deque
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING
from wsgiref.types import WSGIEnvironment

from engineio import exceptions
from engineio import packet as eio_packet
from eventlet.queue import Empty
from greenlet import getcurrent, greenlet

from im import metrics
from im.transport import frames
from im.transport.connection import Connection
from im.transport.engineio_socket import EngineIOSocket, Reply

if TYPE_CHECKING:
    from im.transport.fast import FastEngineIOServer

log = logging.getLogger(__name__)

_PONG = "3"
_SOCKETIO_CONNECT = "40"
_PING = eio_packet.Packet(eio_packet.PING)
_MAX_UNHANDLED_MESSAGES = 64  # of one client, in memory; more messages wait in its socket
_HANDLER_SLICE_SECONDS = 0.001  # for the messages of one client, before other clients are served


class _Disconnect:
    """The end of a session, queued after the messages that arrived before it."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


class _NullQueue:
    """Replaces the library's queue in a session that needs none."""

    def put(self, _packet: object) -> None: ...

    def get(self, **_options: object) -> None:
        raise Empty

    def task_done(self) -> None: ...

    def join(self) -> None: ...

    def empty(self) -> bool:
        return True

    def stop_counting(self) -> None: ...


_NULL_QUEUE = _NullQueue()


class Session(EngineIOSocket):
    """Handles the messages of a websocket one after the other, in a greenlet that ends when no message is left.

    All sessions share one timer wheel for their pings and the deadlines of the pongs.
    """

    def __init__(self, server: "FastEngineIOServer", sid: str, *, is_polling: bool) -> None:
        # The library's constructor is not called: it creates a queue and a dictionary for each client.
        self.server = server
        self.sid = sid
        self.queue = server.create_queue() if is_polling else _NULL_QUEUE
        self.connected = self.upgraded = not is_polling
        self.upgrading = self.closing = self.closed = False
        self.connection: Connection | None = None
        self.due = -1
        self._is_awaiting_pong = self._is_disconnected = False
        self._inbox: deque[str | bytes | _Disconnect] | None = None
        self._handler: greenlet | None = None  # the greenlet that empties the inbox
        self._session: dict[str, object] | None = None

    @property
    def session(self) -> dict[str, object]:
        if self._session is None:
            self._session = {}
        return self._session

    @session.setter
    def session(self, session: dict[str, object]) -> None:
        self._session = session

    def send(self, pkt: eio_packet.Packet) -> None:
        """Write a packet, or keep it for the next poll."""
        if self.upgraded:
            if self.connection is not None:
                self.connection.write(_frame_of(pkt))
        elif not self.closed:
            super().send(pkt)

    def batch(self) -> AbstractContextManager[None]:
        """Send what is written inside the block with few system calls, and accept it as one batch."""
        if not self.upgraded:
            return super().batch()
        return nullcontext() if self.connection is None else self.connection.batch()

    def schedule_ping(self) -> None:
        """Ping the client after an interval. Called at the connect and for each pong."""
        if not self.closed:
            self._is_awaiting_pong = False
            self.server.wheel.put(self, self.server.ping_interval)

    def on_due(self) -> None:
        """Send a ping, or close a client that did not answer the last one."""
        if self.closed:
            return
        if not self._is_awaiting_pong:
            self._is_awaiting_pong = True
            self.server.wheel.put(self, self.server.ping_timeout)
            self.send(_PING)
        else:
            metrics.MISSED_PONGS.inc()
            self._enqueue_disconnect(self.server.reason.PING_TIMEOUT)

    @property
    def is_busy(self) -> bool:
        return self._inbox is not None

    def disconnect_for(self, limit: str) -> None:
        if self.connection is not None and self.upgraded and not self.closed:
            self.connection.fail(frames.POLICY_VIOLATION, limit)
        super().disconnect_for(limit)

    def check_ping_timeout(self) -> bool:
        return not self.closed

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """End the session. Can switch greenlets. With `abort` send no CLOSE packet, so that the client reconnects."""
        if self.closed:
            return
        if not abort:
            self.send(eio_packet.Packet(eio_packet.CLOSE))
        self.closing = self.closed = True
        self.server.wheel.remove(self)
        self.queue.put(None)
        self.queue.stop_counting()
        if self.connection is not None:
            self.connection.finish()
        reason = reason or self.server.reason.SERVER_DISCONNECT
        if self._handler is None or self._handler is getcurrent():
            self._disconnect(reason)
        else:
            # A handler runs now. What it starts, for example a connect, must be complete before it can end.
            self._enqueue(_Disconnect(reason))

    def complete_upgrade(self) -> None:
        """Continue over the websocket after its probe succeeded, and send what waits for a poll."""
        queue, self.queue = self.queue, _NULL_QUEUE
        self.upgrading, self.upgraded = False, True
        with self.batch():
            while not queue.empty():
                pkt = queue.get()
                if pkt is not None and pkt.packet_type != eio_packet.NOOP:
                    self.send(pkt)

    def on_message(self, payload: str | bytes) -> None:
        if payload == _PONG:
            self.schedule_ping()
        else:
            self._enqueue(payload)

    def on_end(self) -> None:
        self._enqueue_disconnect(self.server.reason.TRANSPORT_CLOSE)

    def _upgrade_websocket(self, environ: WSGIEnvironment, _start_response: object) -> Reply:
        return self.server.upgrade(self, environ)

    def _enqueue_disconnect(self, reason: str) -> None:
        if not self.closed:
            self._enqueue(_Disconnect(reason))

    def _enqueue(self, item: str | bytes | _Disconnect) -> None:
        if self._inbox is None:
            self._inbox = deque((item,))
            # Thousands of clients can connect, leave or send at once. A message does not wait behind all who connect.
            is_start_or_end = isinstance(item, _Disconnect) or item[:2] == _SOCKETIO_CONNECT
            (self.server.admission if is_start_or_end else self.server.messages).spawn(self._handle_inbox)
            return
        self._inbox.append(item)
        if len(self._inbox) > _MAX_UNHANDLED_MESSAGES and self.connection is not None:
            self.connection.pause()

    def _handle_inbox(self) -> None:
        """Handle messages for one time slice. Runs in a greenlet of its own. Can switch greenlets."""
        self._handler = getcurrent()
        until = time.monotonic() + _HANDLER_SLICE_SECONDS
        while self._inbox:
            self._handle(self._inbox.popleft())
            if self._inbox and time.monotonic() > until:
                self._handler = None
                self.server.admission.spawn(self._handle_inbox)
                return
        self._handler = self._inbox = None
        if self.connection is not None:
            self.connection.resume()

    def _handle(self, item: str | bytes | _Disconnect) -> None:
        if isinstance(item, _Disconnect):
            self.close(wait=False, abort=True, reason=item.reason)
            self._disconnect(item.reason)
        elif not self.closed:
            try:
                self.receive(eio_packet.Packet(encoded_packet=item))
            except exceptions.UnknownPacketError:
                pass  # the session has ended
            except Exception:
                log.debug("a client's packet is malformed", exc_info=True)
                self.fail()

    def _disconnect(self, reason: str) -> None:
        if self._is_disconnected:
            return
        self._is_disconnected = True
        self.server._trigger_event("disconnect", self.sid, reason)
        self.server.sockets.pop(self.sid, None)


def _frame_of(pkt: eio_packet.Packet) -> bytes:
    """Encode a packet once, however many clients get it."""
    frame: bytes | None = getattr(pkt, "frame", None)
    if frame is None:
        encoded = pkt.encode()
        frame = frames.encode(frames.BINARY, encoded) if pkt.binary else frames.encode(frames.TEXT, encoded.encode())
        pkt.frame = frame
    return frame
