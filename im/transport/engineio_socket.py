"""An Engine.IO session, for either transport: it limits what a client may send, and what may wait for it."""

import logging
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from engineio import packet, socket
from engineio.exceptions import ContentTooLongError, EngineIOError, QueueEmpty, UnknownPacketError
from eventlet.queue import Empty
from eventlet.websocket import WebSocket

from im import metrics
from im.hub.rate_limit import FLOOD, PAUSE_SECONDS, Budget, Verdict
from im.transport import frames
from im.transport.stock import MeteredWebsocket

log = logging.getLogger(__name__)

# The library's limit of 16 is too low: a client that was busy for a moment sends more in one POST.
_MAX_PACKETS_PER_POST = 1000
# In the response to one GET. The Python client closes a connection that brings more.
_MAX_PACKETS_PER_POLL = 16
_SEPARATOR = "\x1e"

_UPGRADE_COST_MESSAGES = 50  # one attempt to upgrade costs as much as these

# What the libraries raise for bad packets.
DECODE_ERRORS = (ValueError, TypeError, KeyError, IndexError, RecursionError)


# The library's answers to a request: packets, or an HTTP response. Any: a dictionary of status, headers and body.
Reply = list[packet.Packet] | dict[str, Any]


class EngineIOSocket(socket.Socket):
    """An Engine.IO session."""

    is_polled = is_posted = is_slow = False
    close_data: tuple[int, str] | None = None  # code and reason of the websocket's close frame
    _budget: Budget | None = None  # created with the first message

    @property
    def is_busy(self) -> bool:
        """Return whether messages that arrived are not handled yet."""
        return False

    def pay(self, messages: float, size: int) -> None:
        """Charge the client for what arrived, and pause if its budget is spent. Can switch greenlets.

        The greenlet that reads calls this, so the pause stops the reading. A client that is paused too often is closed.
        """
        if self._budget is None:
            self._budget = Budget()
        self.server.time_slice.yield_if_due()
        verdict = self._budget.spend(messages, size, self.server.client_rate)
        if verdict is Verdict.CLOSE:
            self.disconnect_for(FLOOD)
        elif verdict is Verdict.PAUSE:
            self.server.sleep(PAUSE_SECONDS)

    def disconnect_for(self, limit: str) -> None:
        """Close a client that exceeds a limit, and name the limit if its transport can. Can switch greenlets."""
        if not self.closed:
            metrics.DISCONNECTED.labels(limit).inc()
            self.close_data = (frames.POLICY_VIOLATION, limit)
            self.fail()

    def send(self, pkt: packet.Packet) -> None:
        """Queue a packet for the next poll, or for the library's websocket writer."""
        if self.is_slow:
            return
        if not self.closed and self.queue.backlog.is_full:
            self.close_as_slow()
        else:
            super().send(pkt)

    def close_as_slow(self) -> None:
        """Close a client for which too much waits. It gets no CLOSE packet, so that it reconnects and catches up."""
        self.is_slow = True
        metrics.DISCONNECTED.labels("slow").inc()
        self.queue.drop()
        reason = self.server.reason.TRANSPORT_ERROR
        self.server.admission.spawn(lambda: self.close(wait=False, abort=True, reason=reason))

    def batch(self) -> AbstractContextManager[None]:
        """Accept what is sent inside the block as one batch: see im/transport/send_limits.py."""
        batch: AbstractContextManager[None] = self.queue.batch()
        return batch

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """End the session and call its disconnect handler. Can switch greenlets."""
        super().close(wait, abort, reason)
        self.queue.stop_counting()

    def receive(self, pkt: packet.Packet) -> None:
        """Handle a packet. Can switch greenlets."""
        if not self.upgraded:
            self.pay(1, 0)  # a websocket has already paid for its frames
        if self.closed:
            return  # the packet came in one payload with the end of the session
        try:
            super().receive(pkt)
        except UnknownPacketError:
            self.fail()
            raise

    def fail(self) -> None:
        """End the session because its client broke the protocol. Can switch greenlets."""
        self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_ERROR)

    def poll(self) -> list[packet.Packet]:
        """Wait for packets, and return as many as one response can hold; none if the session ended. Switches greenlets.

        The library would return all that wait. Raise QueueEmpty if none came for the time of a heartbeat.
        """
        queue = self.queue
        packets: list[packet.Packet] = []
        seconds = self.server.ping_interval + self.server.ping_timeout
        try:
            while len(packets) < _MAX_PACKETS_PER_POLL:
                pkt = queue.get(block=not packets, timeout=seconds)
                queue.task_done()
                if pkt is None:
                    if packets:
                        queue.put(None)  # this ends the next poll
                    break
                packets.append(pkt)
        except Empty:
            if not packets:
                raise QueueEmpty from None
        return packets

    def handle_get_request(self, environ: WSGIEnvironment, start_response: StartResponse) -> Reply:
        if wants_websocket(environ):
            self.pay(_UPGRADE_COST_MESSAGES, 0)
            is_refused = self.upgrading or self.upgraded or self.closed
            reply: Reply = self.server.refuse() if is_refused else super().handle_get_request(environ, start_response)
            return reply
        if self.is_polled:
            # It is unknown which of two polls gets the next packet. So the first one ends, and the second is refused.
            self.close(wait=False, reason=self.server.reason.TRANSPORT_ERROR)
            raise EngineIOError("two polls at once")
        self.is_polled = True
        try:
            packets = super().handle_get_request(environ, start_response)
        finally:
            self.is_polled = False
        # An empty payload is not valid. A poll that ends with its session gets a NOOP packet.
        return [packet.Packet(packet.NOOP)] if packets == [] else packets

    def handle_post_request(self, environ: WSGIEnvironment) -> None:
        try:
            self.pay(0, int(environ.get("CONTENT_LENGTH") or 0))
            self._receive_all(environ)
        except EngineIOError:
            self.fail()
            raise
        except DECODE_ERRORS as error:
            self.fail()
            raise EngineIOError(str(error)) from None

    def _receive_all(self, environ: WSGIEnvironment) -> None:
        """Handle the packets of a POST; raise one of DECODE_ERRORS, or EngineIOError. Can switch greenlets."""
        if self.is_posted:
            raise EngineIOError("two POSTs at once")  # their packets would be handled in a mixed order
        self.is_posted = True
        try:
            for pkt in self._decode(environ):
                self.receive(pkt)
        finally:
            self.is_posted = False

    def _decode(self, environ: WSGIEnvironment) -> list[packet.Packet]:
        length = int(environ.get("CONTENT_LENGTH", "0"))
        if length > self.server.max_http_buffer_size:
            raise ContentTooLongError
        body = environ["wsgi.input"].read(length).decode()
        if body.startswith("d="):  # JSONP sends a form
            body = parse_qs(body, max_num_fields=1)["d"][0]
        encoded = body.split(_SEPARATOR) if body else []
        if len(encoded) > _MAX_PACKETS_PER_POST:
            raise ValueError("too many packets")
        packets = []
        for one in encoded:
            packets.append(packet.Packet(encoded_packet=one))
            self.server.time_slice.yield_if_due()
        return packets

    def _websocket_handler(self, ws: WebSocket) -> object:
        ws = MeteredWebsocket(ws, self)
        try:
            return super()._websocket_handler(ws)
        except (*DECODE_ERRORS, OSError) as error:
            log.debug("websocket ends: %s", error)
        if self.upgraded:
            self.fail()
            ws.close()
        self.upgrading = False  # if the upgrade failed, the session continues to poll
        return []


def wants_websocket(environ: WSGIEnvironment) -> bool:
    return str(environ.get("HTTP_UPGRADE", "")).lower() == "websocket"
