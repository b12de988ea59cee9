"""HTTP requests, websocket frames and packets written by hand, as no well-behaved client sends them."""

import http.client
import json
import os
import socket
import struct
from contextlib import suppress
from typing import Any, Self

from websocket import ABNF, WebSocket, WebSocketConnectionClosedException, create_connection

SEPARATOR = "\x1e"
SECONDS = 8  # for an answer that should arrive at once
NOOP = "6"

BEYOND_LIMITS = 1008  # the code of a close
ENDED = (ConnectionError, WebSocketConnectionClosedException)  # what a websocket raises that the server has closed

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def query(transport: str = "polling", sid: str | None = None) -> str:
    return f"EIO=4&transport={transport}" + (f"&sid={sid}" if sid else "")


class Request:
    """A request that was sent and is not answered yet. The server handles requests in the order of sending."""

    def __init__(
        self, port: int, query: str, *, method: str = "GET", body: str | bytes | None = None, **headers: str
    ) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        content = body.encode() if isinstance(body, str) else body
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, f"/socket.io/?{query}", content, names)

    def answer(self) -> tuple[int, str]:
        try:
            response = self._connection.getresponse()
            return response.status, response.read().decode()
        finally:
            self._connection.close()


def request(
    port: int, query: str, *, method: str = "GET", body: str | bytes | None = None, **headers: str
) -> tuple[int, str]:
    """Make one HTTP request; return its status and body."""
    return Request(port, query, method=method, body=body, **headers).answer()


class Polling:
    """A session over HTTP long-polling."""

    def __init__(self, port: int) -> None:
        self.port = port
        status, content = request(port, query())
        assert status == 200, content
        self.handshake: dict[str, Any] = json.loads(content[1:])
        self.sid = str(self.handshake["sid"])
        self._come: list[str] = []

    def post(self, *packets: str) -> tuple[int, str]:
        return request(self.port, query(sid=self.sid), method="POST", body=SEPARATOR.join(packets))

    def begin_get(self) -> Request:
        return Request(self.port, query(sid=self.sid))

    def get(self) -> tuple[int, str]:
        return self.begin_get().answer()

    def receive(self) -> str:
        """Return the next packet, polling if none has come yet."""
        while not self._come:
            status, content = self.get()
            assert status == 200, content
            self._come = content.split(SEPARATOR)
        return self._come.pop(0)

    def join(self, packet: str = "40") -> str:
        """Connect to the main namespace, read the first message, return the Socket.IO sid."""
        assert self.post(packet) == (200, "ok")
        return _joined(self)

    def is_closed(self) -> bool:
        return self.post("40")[0] == 400


class Websocket:
    """A session over a websocket; with a `sid`, the probe of a session that was opened by polling."""

    def __init__(self, port: int, *, sid: str | None = None) -> None:
        url = f"ws://127.0.0.1:{port}/socket.io/?{query('websocket', sid)}"
        self.ws: WebSocket = create_connection(url, timeout=SECONDS)
        self.handshake: dict[str, Any] = {} if sid else json.loads(self.receive()[1:])
        self.sid = sid or str(self.handshake["sid"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ws.shutdown()

    def send(self, *packets: str | bytes) -> None:
        for packet in packets:
            self.ws.send(packet, TEXT if isinstance(packet, str) else BINARY)

    def receive(self) -> Any:
        """Return the next packet: a text or bytes."""
        opcode, data = self.ws.recv_data()
        if opcode == CLOSE:
            raise WebSocketConnectionClosedException
        return data.decode() if opcode == TEXT else data

    def join(self, packet: str = "40") -> str:
        """Connect to the main namespace, read the first message, return the Socket.IO sid."""
        self.send(packet)
        return _joined(self)

    def upgrade(self) -> None:
        """Complete the upgrade from the polling transport."""
        self.send("2probe")
        assert self.receive() == "3probe"
        self.send("5")

    def write(self, content: bytes) -> None:
        """Write raw bytes to the connection."""
        self.ws.sock.sendall(content)

    def closing_code(self) -> int | None:
        """Wait for the server to end the connection; return the code of its close frame, None if it had none."""
        code = None
        try:
            # By frame, because the library would answer a close before it returns it, and fail if the server is gone.
            while (come := self.ws.recv_frame()) is not None:
                if come.opcode == CLOSE:
                    code = struct.unpack("!H", come.data[:2])[0] if come.data else None
                    self.write(frame(CLOSE, come.data[:2]))
                    self.ws.sock.shutdown(socket.SHUT_WR)  # A server that reads no more data still gets this.
        except (WebSocketConnectionClosedException, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
        return code

    def is_alive(self) -> bool:
        """Say whether the session still answers."""
        self.send('4299["message",{"msg":"still there?"}]')
        come = {self.receive_past_noop() for _ in range(2)}
        return '4399[{"status":"ok"}]' in come

    def receive_past_noop(self) -> Any:
        packet = self.receive()
        return self.receive() if packet == NOOP else packet


def _joined(session: Polling | Websocket) -> str:
    answer = session.receive()
    assert answer.startswith("40{"), answer
    assert session.receive().startswith('42["message",{"msg":"hello"')
    return str(json.loads(answer[2:])["sid"])


def frame(opcode: int, payload: bytes = b"", *, is_last: bool = True, is_masked: bool = True, rsv: int = 0) -> bytes:
    """Encode one websocket frame, valid or invalid."""
    head = bytes([(0x80 if is_last else 0) | rsv << 4 | opcode])
    mask_bit = 0x80 if is_masked else 0
    size = len(payload)
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 65536:
        head += bytes([mask_bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([mask_bit | 127]) + struct.pack("!Q", size)
    if not is_masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + ABNF.mask(mask, payload)


def talk(port: int, content: bytes) -> bytes:
    """Write bytes to a new connection; return all that is answered before it ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        answer = b""
        try:
            connection.sendall(content)
            with suppress(OSError):  # when the server has already closed
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(4096):
                answer += part
        except ConnectionError:
            pass
        return answer
