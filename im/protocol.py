"""The letter of Engine.IO 4 and Socket.IO 5, where the stock classes stray from it.

What is malformed closes the session, as it does with the protocols' own server: nothing is half understood, no client
waits for an answer that can't come, and no traceback in the log tells of what is only a bad client.
"""

import logging
from typing import Any
from urllib.parse import parse_qs

import engineio
import socketio
from engineio import packet as eio_packet
from engineio import payload
from engineio import socket as eio_socket
from engineio.exceptions import EngineIOError, UnknownPacketError
from socketio import packet as sio_packet

log = logging.getLogger(__name__)

# One POST may hold whatever fits into it. The library's 16 are fewer than a client that was busy for a moment sends.
payload.Payload.max_decode_packets = 1000
_MOST_ATTACHMENTS = 10

_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, RecursionError)
_RESERVED = ("connect", "connect_error", "disconnect", "disconnecting")  # a client that sent one would play the server
_EVENTS = (sio_packet.EVENT, sio_packet.BINARY_EVENT)
_ACKS = (sio_packet.ACK, sio_packet.BINARY_ACK)


class MalformedPacket(ValueError):
    pass


class Packet(sio_packet.Packet):
    """A Socket.IO packet that raises MalformedPacket, and nothing else, for what it can't be."""

    def decode(self, encoded_packet: Any) -> int:
        if not isinstance(encoded_packet, str):
            raise MalformedPacket("not a text")
        try:
            attachments = int(super().decode(encoded_packet))
        except _UNREADABLE as error:
            raise MalformedPacket(str(error)) from None
        if not self._is_sound() or attachments > _MOST_ATTACHMENTS or (attachments > 0) != self._is_binary():
            raise MalformedPacket(f"type {self.packet_type} with an unfit payload")
        return attachments

    def add_attachment(self, attachment: Any) -> bool:
        if not isinstance(attachment, bytes):
            raise MalformedPacket("a text in place of an attachment")
        try:
            return bool(super().add_attachment(attachment))
        except _UNREADABLE as error:
            raise MalformedPacket(str(error)) from None

    def _is_binary(self) -> bool:
        return self.packet_type in (sio_packet.BINARY_EVENT, sio_packet.BINARY_ACK)

    def _is_sound(self) -> bool:
        if self.packet_type == sio_packet.CONNECT:
            return self.data is None or isinstance(self.data, dict)
        if self.packet_type == sio_packet.DISCONNECT:
            return self.data is None
        if self.packet_type in _EVENTS:
            return isinstance(self.data, list) and bool(self.data) and _is_event_name(self.data[0])
        return self.packet_type in _ACKS and isinstance(self.data, list)


def _is_event_name(name: object) -> bool:
    return isinstance(name, str) and name not in _RESERVED


class Socket(eio_socket.Socket):
    """An Engine.IO session."""

    is_polled = False

    def receive(self, pkt: Any) -> None:
        try:
            super().receive(pkt)
        except UnknownPacketError:
            self.fail()
            raise

    def fail(self) -> None:
        """End the session for something that its client should not have done."""
        self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_ERROR)

    def handle_get_request(self, environ: Any, start_response: Any) -> Any:
        if _wants_websocket(environ):
            is_taken = self.upgrading or self.upgraded
            return self.server._bad_request() if is_taken else super().handle_get_request(environ, start_response)
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
        return [eio_packet.Packet(eio_packet.NOOP)] if packets == [] else packets

    def handle_post_request(self, environ: Any) -> None:
        try:
            super().handle_post_request(environ)
        except EngineIOError:
            self.fail()
            raise
        except _UNREADABLE as error:
            self.fail()
            raise EngineIOError(str(error)) from None

    def _websocket_handler(self, ws: Any) -> Any:
        try:
            return super()._websocket_handler(ws)
        except (*_UNREADABLE, OSError) as error:
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

    def handle_request(self, environ: Any, start_response: Any) -> Any:
        complaint = self._complaint(environ)
        if complaint is None:
            return super().handle_request(environ, start_response)
        refusal = self._bad_request(complaint)
        start_response(refusal["status"], refusal["headers"])
        return [refusal["response"]]

    def _complaint(self, environ: dict[str, Any]) -> str | None:
        """Say what the library would pass over, or fall over, in a request."""
        query = parse_qs(environ.get("QUERY_STRING", ""))
        if "transport" not in query:
            return "Transport unknown"
        if _wants_websocket(environ) and environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
            return "Invalid websocket upgrade"
        session = self.sockets.get(query.get("sid", [""])[0])
        return "Invalid session" if session is not None and session.closed else None

    def _handle_connect(self, environ: Any, start_response: Any, transport: str, jsonp_index: Any = None) -> Any:
        """Open a session, of our own class, and with the ping interval in whole milliseconds and not in seconds."""
        self._start_watching()
        sid = self.generate_id()
        session = self.sockets[sid] = self.socket_class(self, sid)
        session.send(eio_packet.Packet(eio_packet.OPEN, self._handshake(sid, transport)))
        accepted = self._trigger_event("connect", sid, environ, run_async=False)
        if accepted not in (None, True):
            del self.sockets[sid]
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


class Server(socketio.Server):
    """A Socket.IO server."""

    def __init__(self, **options: Any) -> None:
        super().__init__(serializer=Packet, **options)

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

    def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        name = namespace or "/"
        if self.manager.sid_from_eio_sid(eio_sid, name):
            raise MalformedPacket("connected already")
        if name not in self.handlers:
            refusal = {"message": "Invalid namespace"}
            self._send_packet(eio_sid, self.packet_class(sio_packet.CONNECT_ERROR, data=refusal, namespace=name))
            return
        super()._handle_connect(eio_sid, namespace, data)
