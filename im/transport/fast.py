"""The fast transport: python-engineio's server with one heartbeat for all clients, and no greenlet for a websocket.

Polling uses the library's own code, and can upgrade to this transport. The methods that are overridden or called here
are private to the library; tests/unit/im/test_private_names.py fails when a version renames one.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from wsgiref.types import WSGIEnvironment

from engineio import packet as eio_packet
from eventlet import wsgi

from im.transport import engineio_protocol, frames, socketio_protocol
from im.transport.connection import Connection, Owner
from im.transport.engineio_socket import Reply
from im.transport.session import Session
from im.transport.upgrade import Upgrade

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 4.2.2
_SWITCHING_PROTOCOLS = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n"
)
_MOST_SHARED_TEXTS = 2000
_LONGEST_SHARED = 150  # characters


class Handshake(Mapping[str, str]):
    """What the handlers of CONNECT may read of a handshake: what can hold a token, and where the client comes from.

    The library keeps the WSGI environment as long as the session. A dictionary would take three times the memory.
    """

    __slots__ = ("HTTP_AUTHORIZATION", "HTTP_USER_AGENT", "QUERY_STRING", "REMOTE_ADDR")

    def __init__(self, environ: WSGIEnvironment) -> None:
        for name in self.__slots__:
            if name in environ:
                setattr(self, name, _shared(environ[name]))

    def __getitem__(self, name: str) -> str:
        if name in self.__slots__ and hasattr(self, name):
            return str(getattr(self, name))
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.__slots__ if hasattr(self, name))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class FastEngineIOServer(engineio_protocol.EngineIOServer):
    """Engine.IO sessions that share one heartbeat, and one admission queue when thousands connect or leave together."""

    def __init__(self, **options: Any) -> None:  # Any: the keywords of the library's constructor
        super().__init__(**{**options, "monitor_clients": False})

    def accept_websocket(self, environ: WSGIEnvironment, owner: Owner, first: bytes = b"") -> Connection:
        """Answer a websocket's handshake and send a first frame; the connection outlives the WSGI handler.

        Does not switch greenlets: a session that ended meanwhile would get a connection that nobody closes.
        """
        green = environ["eventlet.input"].get_socket()
        connection = Connection(green, owner, limit=self.max_http_buffer_size, shared=self)
        connection.write(_SWITCHING_PROTOCOLS % _accept(environ) + first)
        green.is_detached = True  # im/transport/http_exchange.py does not shut it down
        wsgi.WSGI_LOCAL.already_handled = True
        return connection

    def _open(
        self, environ: WSGIEnvironment, _start_response: object, transport: str, jsonp_index: int | None
    ) -> Reply:
        if transport == "websocket" and not _is_websocket_handshake(environ):
            return self.refuse("Not a websocket handshake")
        sid = self.generate_id()
        session = self.sockets[sid] = Session(self, sid, is_polling=transport == "polling")
        self._trigger_event("connect", sid, Handshake(environ))
        opening = eio_packet.Packet(eio_packet.OPEN, self._handshake(sid, transport))
        session.schedule_ping()
        if transport == "websocket":
            first = frames.encode(frames.TEXT, opening.encode().encode())
            session.connection = self.accept_websocket(environ, session, first)
            return []
        session.connected = True
        session.send(opening)
        return self._ok(session.poll(), jsonp_index=jsonp_index)

    def upgrade(self, session: Session, environ: WSGIEnvironment) -> Reply:
        """Begin the upgrade of a session from polling to a websocket."""
        if session.upgrading or not _is_websocket_handshake(environ):
            return self.refuse("Not a websocket handshake")
        upgrade = Upgrade(session)
        upgrade.connection = session.connection = self.accept_websocket(environ, upgrade)
        return []


class FastSocketIOServer(socketio_protocol.SocketIOServer):
    """A Socket.IO server over the fast transport."""

    def _engineio_server_class(self) -> type[FastEngineIOServer]:
        return FastEngineIOServer


def _shared(text: str) -> str:
    """Return one object for equal texts of many clients. A token is longer, and is not remembered."""
    return _remembered(text) if len(text) <= _LONGEST_SHARED else text


@lru_cache(maxsize=_MOST_SHARED_TEXTS)
def _remembered(text: str) -> str:
    return text


def _is_websocket_handshake(environ: WSGIEnvironment) -> bool:
    """Check the handshake that RFC 6455, section 4.2.1, requires of a client."""
    try:
        key = base64.b64decode(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""), validate=True)
    except ValueError:
        return False
    parts = [part.strip() for part in environ.get("HTTP_CONNECTION", "").lower().split(",")]
    is_wanted = "upgrade" in parts and environ.get("HTTP_UPGRADE", "").lower() == "websocket"
    return len(key) == 16 and is_wanted and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"


def _accept(environ: WSGIEnvironment) -> bytes:
    """Return Sec-WebSocket-Accept: RFC 6455, section 4.2.2."""
    key = environ["HTTP_SEC_WEBSOCKET_KEY"].encode()
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
