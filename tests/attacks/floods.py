"""A client that sends the same bytes until it is stopped, and reads the answers."""

import json
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bench.websocket import Frames, handshake, text_frame
from tests.attacks.attackers import Target

_PATH = "/socket.io/?EIO=4&transport=websocket"
_SECONDS = 10  # to read an answer, and to finish a send


class Ended(ConnectionError):
    """The server has closed the connection; `last` is its last message."""

    def __init__(self, last: bytes) -> None:
        super().__init__("closed by the server")
        self.last = last


@contextmanager
def session(target: Target, *, user_id: int | None = None, is_connected: bool = True) -> Iterator[socket.socket]:
    """Open a session over a websocket, and connect unless told otherwise; raise OSError when that fails."""
    with socket.create_connection(("127.0.0.1", target.port), timeout=_SECONDS) as sock:
        sock.sendall(handshake(_PATH, target.port))
        frames = Frames()
        _wait_for(sock, frames, b"0{")
        if is_connected:
            sock.sendall(text_frame(b"40" + json.dumps({"token": target.token(user_id)} if user_id else {}).encode()))
            _wait_for(sock, frames, b"40{")
        yield sock


def flood(sock: socket.socket, data: bytes, *, seconds: float = 60) -> None:
    """Send the same frames repeatedly, and read the answers; raise Ended when the server has closed."""
    sock.setblocking(False)
    stop_at = time.monotonic() + seconds
    at, last = 0, b""
    with selectors.DefaultSelector() as selector, suppress(ConnectionError):
        selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while time.monotonic() < stop_at:
            for _, mask in selector.select(1):
                if mask & selectors.EVENT_READ:
                    if not (come := sock.recv(256 * 1024)):
                        raise ConnectionResetError
                    last = (last + come)[-100:]
                if mask & selectors.EVENT_WRITE:
                    at = (at + sock.send(data[at:])) % len(data)
        return
    raise Ended(last)


def _wait_for(sock: socket.socket, frames: Frames, start: bytes) -> None:
    while data := sock.recv(64 * 1024):
        if any(payload.startswith(start) for payload in frames.feed(data)):
            return
    raise Ended(b"")
