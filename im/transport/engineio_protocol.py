"""The exact rules of Engine.IO 4, where the library's classes deviate from them.

A malformed packet closes the session, as the protocol's reference server does. So no client waits for an answer that
does not come, and a bad client does not put a traceback into the log.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import engineio
import eventlet
from engineio import packet

from im.hub.address_limits import Clients
from im.hub.admission import AdmissionQueue
from im.hub.rate_limit import ClientRate
from im.hub.time_slice import TimeSlice
from im.hub.timer_wheel import TimerWheel
from im.transport import protocol_versions
from im.transport.engineio_socket import EngineIOSocket, Reply, wants_websocket
from im.transport.handshake_limits import HandshakeLimits
from im.transport.send_limits import Queue

_MAX_TICK_SECONDS = 0.25


class EngineIOServer(engineio.Server):
    """An Engine.IO server."""

    socket_class: type[EngineIOSocket] = EngineIOSocket
    start_service_task: bool

    def __init__(
        self,
        *,
        clients: Clients,
        handshakes: HandshakeLimits,
        client_rate: ClientRate,
        **options: Any,  # the keywords of the library's constructor
    ) -> None:
        super().__init__(**options)
        self._clients = clients
        self.handshakes = handshakes
        self.client_rate = client_rate
        self.time_slice = TimeSlice()
        tick = min(_MAX_TICK_SECONDS, self.ping_interval / 10, self.ping_timeout / 10)
        self.wheel = TimerWheel(tick_seconds=tick, longest_seconds=max(self.ping_interval, self.ping_timeout, 60))
        eventlet.spawn_n(self.wheel.run_for_ever)
        self.admission = AdmissionQueue()
        self.messages = AdmissionQueue()  # of clients that are connected

    def handle_request(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        error = self._find_error(environ)
        if error is None:
            body: Iterable[bytes] = super().handle_request(environ, start_response)
            return body
        refusal = self.refuse(error)
        start_response(refusal["status"], [("Content-Type", "application/json")])
        return [refusal["response"]]

    def refuse(self, message: object = None) -> dict[str, Any]:
        """Return the HTTP response to a bad request."""
        refusal: dict[str, Any] = self._bad_request(message)
        return refusal

    def create_queue(self, *_args: object, **_options: object) -> Queue:
        return Queue()

    def _find_error(self, environ: WSGIEnvironment) -> str | dict[str, int | str] | None:
        """Return an error in a request that the library ignores, or that makes it fail."""
        query = parse_qs(environ.get("QUERY_STRING", ""))
        if "transport" not in query:
            return "Transport unknown"
        if "sid" not in query and (version := query.get("EIO", [""])[0]) != protocol_versions.SUPPORTED:
            return protocol_versions.refuse(version)
        if wants_websocket(environ) and environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
            return "Invalid websocket upgrade"
        session = self.sockets.get(query.get("sid", [""])[0])
        return "Invalid session" if session is not None and session.closed else None

    def _handle_connect(
        self, environ: WSGIEnvironment, start_response: StartResponse, transport: str, jsonp_index: int | None = None
    ) -> Reply:
        """Open a session if the limits allow it. Can switch greenlets."""
        address = self._clients.address_of(environ["REMOTE_ADDR"], environ.get("HTTP_X_FORWARDED_FOR"))
        environ["REMOTE_ADDR"] = address  # as WSGI middleware for proxies does
        refusal = self.handshakes.refuse(address, open_sessions=len(self.sockets))
        return refusal or self._open(environ, start_response, transport, jsonp_index)

    def _open(
        self, environ: WSGIEnvironment, start_response: StartResponse, transport: str, jsonp_index: int | None
    ) -> Reply:
        """Open a session of our own class, and send the ping interval in whole milliseconds. Can switch greenlets."""
        self._start_service_task()
        sid = self.generate_id()
        session = self.sockets[sid] = self.socket_class(self, sid)
        session.send(packet.Packet(packet.OPEN, self._handshake(sid, transport)))
        accepted = self._trigger_event("connect", sid, environ, run_async=False)
        if accepted not in (None, True):
            self.sockets.pop(sid).queue.stop_counting()
            refusal: Reply = self._unauthorized(accepted or None)
            return refusal
        session.schedule_ping()
        if transport == "polling":
            session.connected = True
            return self._ok(session.poll(), jsonp_index=jsonp_index)
        reply = session.handle_get_request(environ, start_response)
        if not session.connected:
            session.fail()  # the client asked for a websocket, but the handshake failed
        if session.closed:
            self.sockets.pop(sid, None)
        return reply

    def _handshake(self, sid: str, transport: str) -> dict[str, object]:
        return {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingInterval": int((self.ping_interval + self.ping_interval_grace_period) * 1000),
            "pingTimeout": int(self.ping_timeout * 1000),
            "maxPayload": self.max_http_buffer_size,
        }

    def _start_service_task(self) -> None:
        if self.start_service_task:
            self.start_service_task = False
            self.service_task_handle = self.start_background_task(self._service_task)

    def _ok(
        self,
        packets: list[packet.Packet] | None = None,
        headers: list[tuple[str, str]] | None = None,
        jsonp_index: int | None = None,
    ) -> Reply:
        answer = super()._ok(packets, headers, jsonp_index)
        return answer if packets is not None else {**answer, "response": b"ok"}

    def _method_not_found(self) -> Reply:
        return self.refuse("Bad handshake method")
