"""The fast transport: python-engineio's server with websockets at rest and one heartbeat for all clients.

Polling stays on the library's own path, and upgrades into this one. What is overridden or called here is private to the
library; tests/unit/im/test_private_names.py says when a version renames it.
"""

import base64
import hashlib
from typing import Any

from engineio import packet as eio_packet
from eventlet import wsgi

from im import engine, frames, protocol
from im.connection import Connection
from im.session import Session
from im.upgrade import Upgrade

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455
_SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n"
)
# Of the WSGI environment, which the library keeps as long as the client stays: where a token may stand.
_KEPT = ("QUERY_STRING", "HTTP_AUTHORIZATION")


class Engine(engine.Engine):
    """Engine.IO sessions that share one heartbeat, and wait their turn where thousands come or leave at once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "monitor_clients": False})

    def take_over(self, environ: dict[str, Any], owner: Any, first: bytes = b"") -> Connection:
        """Answer a websocket's handshake, with a first frame, and let its connection outlive the WSGI handler."""
        green = environ["eventlet.input"].get_socket()
        green.sendall(_SWITCHING % _accept(environ) + first)
        connection = Connection(green, owner, limit=self.max_http_buffer_size, shared=self)
        green.is_taken = True  # im/serving.py leaves it open
        wsgi.WSGI_LOCAL.already_handled = True
        return connection

    def _handle_connect(
        self, environ: dict[str, Any], _start_response: object, transport: str, jsonp_index: int | None = None
    ) -> Any:
        if transport == "websocket" and not _is_handshake(environ):
            return self._bad_request("Not a websocket handshake")
        sid = self.generate_id()
        session = self.sockets[sid] = Session(self, sid, is_polling=transport == "polling")
        self._trigger_event("connect", sid, {name: environ[name] for name in _KEPT if name in environ})
        opening = eio_packet.Packet(eio_packet.OPEN, self._handshake(sid, transport))
        session.schedule_ping()
        if transport == "websocket":
            session.connection = self.take_over(environ, session, frames.encode(frames.TEXT, opening.encode().encode()))
            return []
        session.connected = True
        session.send(opening)
        return self._ok(session.poll(), jsonp_index=jsonp_index)

    def upgrade(self, session: Session, environ: dict[str, Any]) -> Any:
        """Let a session that polls come over to a websocket."""
        if session.upgrading or not _is_handshake(environ):
            return self._bad_request("Not a websocket handshake")
        upgrade = Upgrade(session)
        upgrade.connection = session.connection = self.take_over(environ, upgrade)
        return []


class FastServer(protocol.Server):
    """A Socket.IO server on the fast engine."""

    def _engineio_server_class(self) -> type[Engine]:
        return Engine


def _is_handshake(environ: dict[str, Any]) -> bool:
    try:
        key = base64.b64decode(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""), validate=True)
    except ValueError:
        return False
    parts = [part.strip() for part in environ.get("HTTP_CONNECTION", "").lower().split(",")]
    is_wanted = "upgrade" in parts and environ.get("HTTP_UPGRADE", "").lower() == "websocket"
    return len(key) == 16 and is_wanted and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"


def _accept(environ: dict[str, Any]) -> bytes:
    key = environ["HTTP_SEC_WEBSOCKET_KEY"].encode()
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
