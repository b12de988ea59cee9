"""What the library's own websockets lack: a reader that pays for what it reads, and a close that says why."""

from typing import Any

_MOST_BYTES = 4096  # in one go: they are unmasked byte by byte, while everybody else waits
_READS_OF_A_FRAME = 3  # head, mask, content


class Websocket:
    """Stands between a session and the library's websocket."""

    def __init__(self, ws: Any, session: Any) -> None:
        self._ws = ws
        self._session = session
        self.socket = ws.socket = _MeteredSocket(ws.socket, session)

    def wait(self) -> Any:
        message = self._ws.wait()
        self.socket.unfinished = 0
        return message

    def send(self, message: str | bytes) -> None:
        self._ws.send(message)

    def close(self) -> None:
        self._ws.close(close_data=self._session.close_data)


class _MeteredSocket:
    """What a websocket reads from. It yields to others, also where the kernel has more, and ends with its session."""

    def __init__(self, sock: Any, session: Any) -> None:
        self._sock = sock
        self._session = session
        self.unfinished = 0  # bytes since the last whole message

    def recv(self, size: int) -> bytes:
        data: bytes = self._sock.recv(min(size, _MOST_BYTES))
        self.unfinished += len(data)
        if self.unfinished > 2 * self._session.server.max_http_buffer_size:
            self._session.fail()  # fragments without end, which the library would keep
        self._session.pay(1 / _READS_OF_A_FRAME, len(data))
        return b"" if self._session.closed else data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)
