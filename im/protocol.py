"""The letter of Socket.IO 5, where the stock classes stray from it. What is malformed closes the session."""

import logging
from typing import Any

import eventlet
import socketio
from socketio import packet

from im.engine import UNREADABLE, Engine

log = logging.getLogger(__name__)

_MOST_ATTACHMENTS = 10
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

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        try:
            if not data and eio_sid not in self._binary_packet:
                raise MalformedPacket("empty")
            super()._handle_eio_message(eio_sid, data)
        except ValueError as error:
            log.debug("session %s sent what can't be read: %s", eio_sid, error)
            self._binary_packet.pop(eio_sid, None)
            session = self.eio.sockets.get(eio_sid)
            if session is not None:
                session.close(wait=False, abort=True, reason=self.reason.TRANSPORT_ERROR)

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
        if name not in self.handlers:
            refusal = {"message": "Invalid namespace"}
            self._send_packet(eio_sid, self.packet_class(packet.CONNECT_ERROR, data=refusal, namespace=name))
            return
        super()._handle_connect(eio_sid, namespace, data)

    def _handle_event_internal(self, server: Any, sid: str, *event: Any) -> None:
        """Run a handler. What it raises is no fault of the client that sent the event."""
        try:
            super()._handle_event_internal(server, sid, *event)
        except Exception:
            log.exception("the handler of an event of %s failed", sid)
