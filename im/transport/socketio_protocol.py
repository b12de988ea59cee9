"""The exact rules of Socket.IO 5, where the library's classes deviate. A malformed packet closes the session."""

import logging
from typing import Any
from wsgiref.types import WSGIEnvironment

import eventlet
import socketio
from engineio import packet as eio_packet
from socketio import packet

from im import metrics
from im.hub.deadlines import Deadlines
from im.transport.connect_limits import ConnectLimits
from im.transport.engineio_protocol import EngineIOServer
from im.transport.engineio_socket import DECODE_ERRORS

log = logging.getLogger(__name__)

_MAX_ATTACHMENTS = 10
_ATTACHMENTS_TIMEOUT_SECONDS = 10  # for all attachments of an event to arrive
# Only the server can cause these events. A client that sends one pretends to be the server.
_RESERVED_EVENTS = ("connect", "connect_error", "disconnect", "disconnecting")
_EVENTS = (packet.EVENT, packet.BINARY_EVENT)
_ACKS = (packet.ACK, packet.BINARY_ACK)


class MalformedPacket(ValueError):
    pass


class Packet(packet.Packet):
    """A Socket.IO packet that raises MalformedPacket, and nothing else, if it is not valid."""

    def decode(self, encoded_packet: str | bytes) -> int:
        if not isinstance(encoded_packet, str):
            raise MalformedPacket("not a text")
        try:
            attachments = int(super().decode(encoded_packet))
        except DECODE_ERRORS as error:
            raise MalformedPacket(str(error)) from None
        if not self._is_valid() or attachments > _MAX_ATTACHMENTS or (attachments > 0) != self._is_binary():
            raise MalformedPacket(f"type {self.packet_type} with a payload that is not valid")
        return attachments

    def add_attachment(self, attachment: str | bytes) -> bool:
        if not isinstance(attachment, bytes):
            raise MalformedPacket("a text instead of an attachment")
        try:
            return bool(super().add_attachment(attachment))
        except DECODE_ERRORS as error:
            raise MalformedPacket(str(error)) from None

    def _is_binary(self) -> bool:
        return self.packet_type in (packet.BINARY_EVENT, packet.BINARY_ACK)

    def _is_valid(self) -> bool:
        if self.packet_type == packet.CONNECT:
            return self.data is None or isinstance(self.data, dict)
        if self.packet_type == packet.DISCONNECT:
            return self.data is None
        if self.packet_type in _EVENTS:
            return isinstance(self.data, list) and bool(self.data) and _is_event_name(self.data[0])
        return self.packet_type in _ACKS and isinstance(self.data, list)


def _is_event_name(name: object) -> bool:
    return isinstance(name, str) and name not in _RESERVED_EVENTS


class SocketIOServer(socketio.Server):
    """A Socket.IO server."""

    def __init__(self, *, connect_seconds: float, **options: Any) -> None:  # Any: the keywords of the constructors
        """`connect_seconds` is how long a session may stay in no namespace; see EngineIOServer for other limits."""
        # Handle each event in the greenlet that reads it. So the order is kept, and the work counts as the client's.
        super().__init__(serializer=Packet, async_handlers=False, **options)
        self._connects = ConnectLimits(self.eio.wheel, seconds=connect_seconds, on_late=self._unconnected)
        self._unattached = Deadlines(self.eio.wheel, seconds=_ATTACHMENTS_TIMEOUT_SECONDS, on_late=self._incomplete)
        metrics.SESSIONS.set_function(lambda: len(self.eio.sockets))
        metrics.UNCONNECTED.set_function(lambda: self._connects.expected)

    def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        eio_sid = self.manager.eio_sid_from_sid(sid, namespace or "/")
        super().disconnect(sid, namespace=namespace, ignore_queue=ignore_queue)
        self._expect_connect(eio_sid)

    def _engineio_server_class(self) -> type[EngineIOServer]:
        return EngineIOServer

    def _handle_eio_connect(self, eio_sid: str, environ: WSGIEnvironment) -> None:
        super()._handle_eio_connect(eio_sid, environ)
        self.eio.handshakes.opened(environ["REMOTE_ADDR"])
        self._connects.expect(eio_sid)

    def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        if (environ := self.environ.get(eio_sid)) is not None:
            self.eio.handshakes.closed(environ["REMOTE_ADDR"])
        super()._handle_eio_disconnect(eio_sid, reason)
        self._connects.forget(eio_sid)
        self._unattached.stop(eio_sid)
        self._binary_packet.pop(eio_sid, None)

    def _handle_eio_message(self, eio_sid: str, data: Any) -> None:  # Any: a text, bytes, or what the library decoded
        try:
            if eio_sid in self._binary_packet:
                self._check_attachment(eio_sid, data)
            elif not data:
                raise MalformedPacket("empty")
            super()._handle_eio_message(eio_sid, data)
        except ValueError as error:
            log.debug("session %s sent a malformed packet: %s", eio_sid, error)
            self._binary_packet.pop(eio_sid, None)
            session = self.eio.sockets.get(eio_sid)
            if session is not None:
                session.close(wait=False, abort=True, reason=self.reason.TRANSPORT_ERROR)
        self._time_attachments(eio_sid)

    def _check_attachment(self, eio_sid: str, data: Any) -> None:  # Any: as in _handle_eio_message
        size = len(data) + sum(map(len, self._binary_packet[eio_sid].attachments))
        if size > self.eio.max_http_buffer_size:
            raise MalformedPacket("attachments that are too big")

    def _time_attachments(self, eio_sid: str) -> None:
        if eio_sid not in self._binary_packet:
            self._unattached.stop(eio_sid)
        elif eio_sid not in self._unattached:
            self._unattached.start(eio_sid)

    def _send_eio_packet(self, eio_sid: str, eio_pkt: eio_packet.Packet) -> None:
        """Send a packet to one session. An error closes this session only, and the rest of the room gets the packet."""
        try:
            super()._send_eio_packet(eio_sid, eio_pkt)
        except Exception:
            log.exception("session %s failed and is closed", eio_sid)
            session = self.eio.sockets.get(eio_sid)
            if session is not None:
                eventlet.spawn_n(session.close, wait=False, abort=True, reason=self.reason.TRANSPORT_ERROR)

    def _handle_connect(self, eio_sid: str, namespace: str | None, data: object) -> None:
        name = namespace or "/"
        if self.manager.sid_from_eio_sid(eio_sid, name):
            raise MalformedPacket("connected already")
        if not self._connects.admit(eio_sid):
            self.eio.sockets[eio_sid].disconnect_for("reconnects")
            return
        if name in self.handlers:
            super()._handle_connect(eio_sid, namespace, data)
        else:
            refusal = {"message": "Invalid namespace"}
            self._send_packet(eio_sid, self.packet_class(packet.CONNECT_ERROR, data=refusal, namespace=name))
        if eio_sid not in self.environ:
            # The session ended while the connect handler waited. At its end nobody was connected yet.
            super()._handle_disconnect(eio_sid, name, self.reason.TRANSPORT_CLOSE)
        elif self.manager.sid_from_eio_sid(eio_sid, name):
            self._connects.stop_expecting(eio_sid)
        else:
            self._connects.charge_next(eio_sid)

    def _handle_disconnect(self, eio_sid: str, namespace: str | None, reason: str | None = None) -> None:
        super()._handle_disconnect(eio_sid, namespace, reason)
        self._expect_connect(eio_sid)

    def _expect_connect(self, eio_sid: str | None) -> None:
        """Require a session that has left all namespaces to connect again soon."""
        if eio_sid is None or eio_sid not in self.environ:
            return
        if not any(self.manager.sid_from_eio_sid(eio_sid, name) for name in self.handlers):
            self._connects.charge_next(eio_sid)
            self._connects.expect(eio_sid)

    def _unconnected(self, eio_sid: str) -> None:
        session = self.eio.sockets.get(eio_sid)
        if session is not None and session.is_busy:
            self._connects.expect(eio_sid)  # its CONNECT can be among the messages that wait
        elif session is not None:
            session.disconnect_for("unconnected")

    def _incomplete(self, eio_sid: str) -> None:
        session = self.eio.sockets.get(eio_sid)
        if session is not None:
            session.disconnect_for("attachments")

    def _handle_event_internal(self, server: socketio.Server, sid: str, *event: object) -> None:
        """Run a handler. Can switch greenlets. An error in it is logged, and does not close the client's session."""
        try:
            super()._handle_event_internal(server, sid, *event)
        except Exception:
            log.exception("the handler of an event of %s failed", sid)
