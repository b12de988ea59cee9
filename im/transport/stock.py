"""The library's own websocket, with a rate limit on what it reads and with a reason in its close frame."""

import socket
from typing import TYPE_CHECKING, Any

from eventlet.websocket import WebSocket

if TYPE_CHECKING:
    from im.transport.engineio_socket import EngineIOSocket

_MAX_READ_BYTES = 4096  # in one call: the library unmasks byte by byte, and all other greenlets wait meanwhile
_READS_PER_FRAME = 3  # header, masking key, payload


class MeteredWebsocket:
    """Wraps the library's websocket for a session."""

    def __init__(self, ws: WebSocket, session: "EngineIOSocket") -> None:
        self._ws = ws
        self._session = session
        self.socket = ws.socket = _MeteredSocket(ws.socket, session)

    def wait(self) -> str | bytes | None:
        """Wait for a message and return it. Switches greenlets."""
        message: str | bytes | None = self._ws.wait()
        self.socket.unfinished = 0
        return message

    def send(self, message: str | bytes) -> None:
        self._ws.send(message)

    def close(self) -> None:
        self._ws.close(close_data=self._session.close_data)


class _MeteredSocket:
    """The socket that a websocket reads from. It ends when the session ends."""

    def __init__(self, sock: socket.socket, session: "EngineIOSocket") -> None:
        self._sock = sock
        self._session = session
        self.unfinished = 0  # bytes since the last complete message

    def recv(self, size: int) -> bytes:
        """Read and pay. Can switch greenlets, also when the kernel has more bytes, so that other clients are served."""
        data = self._sock.recv(min(size, _MAX_READ_BYTES))
        self.unfinished += len(data)
        if self.unfinished > 2 * self._session.server.max_http_buffer_size:
            self._session.fail()  # an endless row of fragments, which the library would keep in memory
        self._session.pay(1 / _READS_PER_FRAME, len(data))
        return b"" if self._session.closed else data

    def __getattr__(self, name: str) -> Any:  # Any: each attribute of a socket
        return getattr(self._sock, name)
