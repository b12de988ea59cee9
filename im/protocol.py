"""The letter of Socket.IO 5, where the stock classes stray from it. What is malformed closes the session."""

import logging
from typing import Any

import eventlet
import socketio
from socketio import packet

from im import metrics
from im.connects import Connects
from im.deadlines import Deadlines
from im.engine import UNREADABLE, Engine

log = logging.getLogger(__name__)

_MOST_ATTACHMENTS = 10
_ATTACHMENTS_SECONDS = 10  # until those that were announced are here
_RESERVED = ("connect", "connect_error", "disconnect", "disconnecting")  # a client that sent one would play the server
_EVENTS = (packet.EVENT, packet.BINARY_EVENT)
_ACKS = (packet.ACK, packet.BINARY_ACK)


class MalformedPacket(ValueError):
    pass


class Packet(packet.Packet):
    """A Socket.IO packet that raises MalformedPacket, and nothing else, for what it can't be."""

    def decode(self, encoded_packet: Any) -> int:
        if not isinstance(encoded_packet, str):
            raise MalformedPacket("not a text")
        try:
            attachments = int(super().decode(encoded_packet))
        except UNREADABLE as error:
            raise MalformedPacket(str(error)) from None
        if not self._is_sound() or attachments > _MOST_ATTACHMENTS or (attachments > 0) != self._is_binary():
            raise MalformedPacket(f"type {self.packet_type} with an unfit payload")
        return attachments

    def add_attachment(self, attachment: Any) -> bool:
        if not isinstance(attachment, bytes):
            raise MalformedPacket("a text in place of an attachment")
        try:
            return bool(super().add_attachment(attachment))
        except UNREADABLE as error:
            raise MalformedPacket(str(error)) from None

    def _is_binary(self) -> bool:
        return self.packet_type in (packet.BINARY_EVENT, packet.BINARY_ACK)

    def _is_sound(self) -> bool:
        if self.packet_type == packet.CONNECT:
            return self.data is None or isinstance(self.data, dict)
        if self.packet_type == packet.DISCONNECT:
            return self.data is None
        if self.packet_type in _EVENTS:
            return isinstance(self.data, list) and bool(self.data) and _is_event_name(self.data[0])
        return self.packet_type in _ACKS and isinstance(self.data, list)


def _is_event_name(name: object) -> bool:
    return isinstance(name, str) and name not in _RESERVED


class Server(socketio.Server):
    """A Socket.IO server."""

    def __init__(self, **options: Any) -> None:
        # Each event in the greenlet that reads it: what a client sends is handled in order, and counts as its own work.
        super().__init__(serializer=Packet, async_handlers=False, **options)
        self._connects = Connects(self.eio.wheel, on_late=self._unconnected)
        self._unattached = Deadlines(self.eio.wheel, seconds=_ATTACHMENTS_SECONDS, on_late=self._incomplete)
        metrics.SESSIONS.set_function(lambda: len(self.eio.sockets))
        metrics.UNCONNECTED.set_function(lambda: self._connects.expected)

    def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        eio_sid = self.manager.eio_sid_from_sid(sid, namespace or "/")
        super().disconnect(sid, namespace=namespace, ignore_queue=ignore_queue)
        self._ended(eio_sid)

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        super()._handle_eio_connect(eio_sid, environ)
        self._connects.expect(eio_sid)

    def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        super()._handle_eio_disconnect(eio_sid, reason)
        self._connects.forget(eio_sid)
        self._unattached.stop(eio_sid)
        self._binary_packet.pop(eio_sid, None)

    def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        try:
            if eio_sid in self._binary_packet:
                self._check_attachment(eio_sid, data)
            elif not data:
                raise MalformedPacket("empty")
            super()._handle_eio_message(eio_sid, data)
        except ValueError as error:
            log.debug("session %s sent what can't be read: %s", eio_sid, error)
            self._binary_packet.pop(eio_sid, None)
            session = self.eio.sockets.get(eio_sid)
            if session is not None:
                session.close(wait=False, abort=True, reason=self.reason.TRANSPORT_ERROR)
        self._time_attachments(eio_sid)

    def _check_attachment(self, eio_sid: str, data: Any) -> None:
        size = len(data) + sum(map(len, self._binary_packet[eio_sid].attachments))
        if size > self.eio.max_http_buffer_size:
            raise MalformedPacket("attachments that are too big")

    def _time_attachments(self, eio_sid: str) -> None:
        if eio_sid not in self._binary_packet:
            self._unattached.stop(eio_sid)
        elif eio_sid not in self._unattached:
            self._unattached.start(eio_sid)

    def _send_eio_packet(self, eio_sid: str, eio_pkt: Any) -> None:
        """Send what goes to a room to one of it: an error ends its session, and the others get the packet."""
        try:
            super()._send_eio_packet(eio_sid, eio_pkt)
        except Exception:
            log.exception("session %s is closed", eio_sid)
            session = self.eio.sockets.get(eio_sid)
            if session is not None:
                eventlet.spawn_n(session.close, wait=False, abort=True, reason=self.reason.TRANSPORT_ERROR)

    def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        name = namespace or "/"
        if self.manager.sid_from_eio_sid(eio_sid, name):
            raise MalformedPacket("connected already")
        if not self._connects.admit(eio_sid):
            self.eio.sockets[eio_sid].send_away("reconnects")
            return
        if name in self.handlers:
            super()._handle_connect(eio_sid, namespace, data)
        else:
            refusal = {"message": "Invalid namespace"}
            self._send_packet(eio_sid, self.packet_class(packet.CONNECT_ERROR, data=refusal, namespace=name))
        if self.manager.sid_from_eio_sid(eio_sid, name):
            self._connects.stop_expecting(eio_sid)
        elif eio_sid in self.environ:  # else it has gone meanwhile, and is forgotten
            self._connects.charge_next(eio_sid)

    def _handle_disconnect(self, eio_sid: str, namespace: str | None, reason: str | None = None) -> None:
        super()._handle_disconnect(eio_sid, namespace, reason)
        self._ended(eio_sid)

    def _ended(self, eio_sid: str | None) -> None:
        """Have a session that has left its namespaces connect again soon."""
        if eio_sid is None or eio_sid not in self.environ:
            return
        if not any(self.manager.sid_from_eio_sid(eio_sid, name) for name in self.handlers):
            self._connects.charge_next(eio_sid)
            self._connects.expect(eio_sid)

    def _unconnected(self, eio_sid: str) -> None:
        session = self.eio.sockets.get(eio_sid)
        if session is not None and session.is_busy:
            self._connects.expect(eio_sid)  # its CONNECT may be what waits for its turn
        elif session is not None:
            session.send_away("unconnected")

    def _incomplete(self, eio_sid: str) -> None:
        session = self.eio.sockets.get(eio_sid)
        if session is not None:
            session.send_away("attachments")

    def _handle_event_internal(self, server: Any, sid: str, *event: Any) -> None:
        """Run a handler. What it raises is no fault of the client that sent the event."""
        try:
            super()._handle_event_internal(server, sid, *event)
        except Exception:
            log.exception("the handler of an event of %s failed", sid)
