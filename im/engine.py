"""The letter of Engine.IO 4, where the stock classes stray from it.

What is malformed closes the session, as it does with the protocol's own server: no client waits for an answer that
can't come, and no traceback in the log tells of what is only a bad client.
"""

import logging
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qs

import engineio
import eventlet
from engineio import packet, socket
from engineio.exceptions import ContentTooLongError, EngineIOError, QueueEmpty, UnknownPacketError
from eventlet.queue import Empty

from im import frames, metrics, versions
from im.backlog import Queue
from im.budget import FLOOD, PAUSE_SECONDS, Budget, Verdict
from im.pace import Pace
from im.stock import Websocket
from im.turns import Turns
from im.wheel import Wheel

log = logging.getLogger(__name__)

# In one POST. The library's 16 are fewer than a client that was busy for a moment sends.
_MOST_PACKETS = 1000
# In the answer to one GET. Python's client ends a connection that brings it more.
_MOST_ANSWERED = 16
_SEPARATOR = "\x1e"

_LONGEST_TICK_SECONDS = 0.25
_MESSAGES_OF_AN_UPGRADE = 50  # that an attempt costs as much as

UNREADABLE = (ValueError, TypeError, KeyError, IndexError, RecursionError)  # what the libraries raise for bad packets


class Socket(socket.Socket):
    """An Engine.IO session."""

    is_polled = is_posted = is_slow = False
    close_data: tuple[int, str] | None = None  # code and reason of a websocket's end
    _budget: Budget | None = None  # made with the first message

    @property
    def is_busy(self) -> bool:
        """Whether something that has come is still to be handled."""
        return False

    def pay(self, messages: float, size: int) -> None:
        """Charge the client for what has come. Called by the greenlet that reads, which waits here for who has no more.

        Who goes on so is sent away.
        """
        if self._budget is None:
            self._budget = Budget()
        self.server.pace.step()
        verdict = self._budget.spend(messages, size)
        if verdict is Verdict.CLOSE:
            self.send_away(FLOOD)
        elif verdict is Verdict.PAUSE:
            self.server.sleep(PAUSE_SECONDS)

    def send_away(self, limit: str) -> None:
        """Close a client that went beyond a limit, and tell it which one where its transport can."""
        if not self.closed:
            metrics.SENT_AWAY.labels(limit).inc()
            self.close_data = (frames.BEYOND_LIMITS, limit)
            self.fail()

    def send(self, pkt: Any) -> None:
        """Have a packet wait for the next poll, or the library's writer."""
        if self.is_slow:
            return
        if not self.closed and self.queue.backlog.is_full:
            self.close_as_slow()
        else:
            super().send(pkt)

    def close_as_slow(self) -> None:
        """Close a client that lets too much wait, without a word, so that it comes back and catches up."""
        self.is_slow = True
        metrics.SENT_AWAY.labels("slow").inc()
        self.queue.drop()
        reason = self.server.reason.TRANSPORT_ERROR
        self.server.turns.spawn(lambda: self.close(wait=False, abort=True, reason=reason))

    def together(self) -> AbstractContextManager[None]:
        """Let in whatever is sent meanwhile as one batch: see im/backlog.py."""
        batch: AbstractContextManager[None] = self.queue.batch()
        return batch

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        super().close(wait, abort, reason)
        self.queue.forget()

    def receive(self, pkt: Any) -> None:
        if not self.upgraded:
            self.pay(1, 0)  # a websocket has paid for its frames
        if self.closed:
            return  # what comes in one payload with its end
        try:
            super().receive(pkt)
        except UnknownPacketError:
            self.fail()
            raise

    def fail(self) -> None:
        """End the session for something that its client should not have done."""
        self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_ERROR)

    def poll(self) -> list[packet.Packet]:
        """Wait for packets to send, and return what one answer may hold; nothing when the session has ended.

        The library returns all that waits. Raise QueueEmpty when nothing has come for the time of a heartbeat.
        """
        queue = self.queue
        packets: list[packet.Packet] = []
        seconds = self.server.ping_interval + self.server.ping_timeout
        try:
            while len(packets) < _MOST_ANSWERED:
                pkt = queue.get(block=not packets, timeout=seconds)
                queue.task_done()
                if pkt is None:
                    if packets:
                        queue.put(None)  # for the next poll to end with
                    break
                packets.append(pkt)
        except Empty:
            if not packets:
                raise QueueEmpty from None
        return packets

    def handle_get_request(self, environ: Any, start_response: Any) -> Any:
        if _wants_websocket(environ):
            self.pay(_MESSAGES_OF_AN_UPGRADE, 0)
            is_refused = self.upgrading or self.upgraded or self.closed
            return self.server._bad_request() if is_refused else super().handle_get_request(environ, start_response)
        if self.is_polled:
            # Which of two requests should have the next packet? The first is told to go, the second is refused.
            self.close(wait=False, reason=self.server.reason.TRANSPORT_ERROR)
            raise EngineIOError("two polls at once")
        self.is_polled = True
        try:
            packets = super().handle_get_request(environ, start_response)
        finally:
            self.is_polled = False
        # An empty payload is none: a poll that ends because the session did says so with a packet.
        return [packet.Packet(packet.NOOP)] if packets == [] else packets

    def handle_post_request(self, environ: Any) -> None:
        try:
            self.pay(0, int(environ.get("CONTENT_LENGTH") or 0))
            self._receive_all(environ)
        except EngineIOError:
            self.fail()
            raise
        except UNREADABLE as error:
            self.fail()
            raise EngineIOError(str(error)) from None

    def _receive_all(self, environ: Any) -> None:
        """Handle the packets of a POST, others having their turn in between; raise one of UNREADABLE, EngineIOError."""
        if self.is_posted:
            raise EngineIOError("two POSTs at once")  # whose packets would come in between each other
        self.is_posted = True
        try:
            for pkt in self._decode(environ):
                self.receive(pkt)
        finally:
            self.is_posted = False

    def _decode(self, environ: Any) -> list[packet.Packet]:
        length = int(environ.get("CONTENT_LENGTH", "0"))
        if length > self.server.max_http_buffer_size:
            raise ContentTooLongError
        body = environ["wsgi.input"].read(length).decode()
        if body.startswith("d="):  # a form, as JSONP sends it
            body = parse_qs(body, max_num_fields=1)["d"][0]
        encoded = body.split(_SEPARATOR) if body else []
        if len(encoded) > _MOST_PACKETS:
            raise ValueError("too many packets")
        packets = []
        for one in encoded:
            packets.append(packet.Packet(encoded_packet=one))
            self.server.pace.step()
        return packets

    def _websocket_handler(self, ws: Any) -> Any:
        ws = Websocket(ws, self)
        try:
            return super()._websocket_handler(ws)
        except (*UNREADABLE, OSError) as error:
            log.debug("websocket ends: %s", error)
        if self.upgraded:
            self.fail()
            ws.close()
        self.upgrading = False  # where the upgrade failed, the session lives on and polls
        return []


class Engine(engineio.Server):
    """An Engine.IO server."""

    socket_class: type[Socket] = Socket
    start_service_task: bool

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.pace = Pace()
        tick = min(_LONGEST_TICK_SECONDS, self.ping_interval / 10, self.ping_timeout / 10)
        self.wheel = Wheel(tick_seconds=tick, longest_seconds=max(self.ping_interval, self.ping_timeout, 60))
        eventlet.spawn_n(self.wheel.turn_for_ever)
        self.turns = Turns()

    def handle_request(self, environ: Any, start_response: Any) -> Any:
        complaint = self._complaint(environ)
        if complaint is None:
            return super().handle_request(environ, start_response)
        refusal = self._bad_request(complaint)
        start_response(refusal["status"], [("Content-Type", "application/json")])
        return [refusal["response"]]

    def create_queue(self, *_args: Any, **_options: Any) -> Queue:
        return Queue()

    def _complaint(self, environ: dict[str, Any]) -> str | dict[str, Any] | None:
        """Say what the library would pass over, or fall over, in a request."""
        query = parse_qs(environ.get("QUERY_STRING", ""))
        if "transport" not in query:
            return "Transport unknown"
        if "sid" not in query and (version := query.get("EIO", [""])[0]) != versions.SPOKEN:
            return versions.refuse(version)
        if _wants_websocket(environ) and environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
            return "Invalid websocket upgrade"
        session = self.sockets.get(query.get("sid", [""])[0])
        return "Invalid session" if session is not None and session.closed else None

    def _handle_connect(self, environ: Any, start_response: Any, transport: str, jsonp_index: Any = None) -> Any:
        """Open a session, of our own class, and with the ping interval in whole milliseconds and not in seconds."""
        self._start_watching()
        sid = self.generate_id()
        session = self.sockets[sid] = self.socket_class(self, sid)
        session.send(packet.Packet(packet.OPEN, self._handshake(sid, transport)))
        accepted = self._trigger_event("connect", sid, environ, run_async=False)
        if accepted not in (None, True):
            self.sockets.pop(sid).queue.forget()
            return self._unauthorized(accepted or None)
        session.schedule_ping()
        if transport == "polling":
            session.connected = True
            return self._ok(session.poll(), jsonp_index=jsonp_index)
        response = session.handle_get_request(environ, start_response)
        if not session.connected:
            session.fail()  # it asked for a websocket, but could not shake hands
        if session.closed:
            self.sockets.pop(sid, None)
        return response

    def _handshake(self, sid: str, transport: str) -> dict[str, Any]:
        return {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingInterval": int((self.ping_interval + self.ping_interval_grace_period) * 1000),
            "pingTimeout": int(self.ping_timeout * 1000),
            "maxPayload": self.max_http_buffer_size,
        }

    def _start_watching(self) -> None:
        if self.start_service_task:
            self.start_service_task = False
            self.service_task_handle = self.start_background_task(self._service_task)

    def _ok(self, packets: Any = None, headers: Any = None, jsonp_index: Any = None) -> Any:
        answer = super()._ok(packets, headers, jsonp_index)
        return answer if packets is not None else {**answer, "response": b"ok"}

    def _method_not_found(self) -> Any:
        return self._bad_request("Bad handshake method")


def _wants_websocket(environ: dict[str, Any]) -> bool:
    return str(environ.get("HTTP_UPGRADE", "")).lower() == "websocket"
