"""A client that does with pushes what a page does: one thread, one websocket at a time, and what it has seen."""

import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import websocket

from tests.clients import Api, User
from tests.failure.memory import Memory

_PATH = "/socket.io/?EIO=4&transport=websocket"
_SILENCE_SECONDS = 46  # a ping comes every 25 s, and may be 20 s late
_PAGE = 100


class SimulatedClient:
    """Reconnects to the next server with its offset, and reads its inbox when it is told to."""

    def __init__(self, urls: list[str], user: User | None, api: Api) -> None:
        self.user = user
        self.memory = Memory(self._read_inbox)
        self.connected_at: list[float] = []
        self.refused_connections = 0  # by servers that drain or are down
        self.is_reading = threading.Event()  # when cleared, the client does not read
        self.is_reading.set()
        self.may_connect = threading.Event()  # when cleared, the client does not reconnect
        self.may_connect.set()
        self.buffer_bytes: int | None = None  # of the kernel's receive buffer; None is its default
        self._urls = urls
        self._api = api
        self._is_closed = threading.Event()
        self._socket: websocket.WebSocket | None = None
        self._thread = threading.Thread(target=self._keep_connected, name="client", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_closed.set()
        self.is_reading.set()
        self.drop()
        self._thread.join(10)

    def drop(self) -> None:
        """Lose the connection without closing it."""
        with suppress(OSError, AttributeError):  # there may be no connection now
            self._socket.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]  # wakes the thread that reads

    def _keep_connected(self) -> None:
        attempt = 0
        while not self._is_closed.is_set():
            try:
                self._connect(self._urls[attempt % len(self._urls)])
            except (OSError, ValueError, websocket.WebSocketException):
                pass
            finally:
                if self._socket is not None:
                    self._socket.shutdown()
            attempt += 1
            while not self.may_connect.wait(1) and not self._is_closed.is_set():
                pass
            self._is_closed.wait(random.uniform(0.1, 0.5))

    def _connect(self, url: str) -> None:
        options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer_bytes)] if self.buffer_bytes else []
        url = url.replace("http", "ws") + _PATH
        try:
            self._socket = websocket.create_connection(url, timeout=5, suppress_origin=True, sockopt=options)
            self._socket.recv()
        except (OSError, websocket.WebSocketException):
            self.refused_connections += 1
            raise
        self.memory.begin()
        self._socket.send("40" + json.dumps(self._connect_payload()))
        self._socket.settimeout(_SILENCE_SECONDS)
        while packet := self._next():
            if packet == "2":
                self._socket.send("3")
            elif packet.startswith("40"):
                self.connected_at.append(time.monotonic())
            elif packet.startswith("42"):
                self.memory.handle(*json.loads(packet[2:]))
            elif packet.startswith(("41", "44")):
                return

    def _next(self) -> str:
        while not self.is_reading.wait(1) and not self._is_closed.is_set():
            pass
        assert self._socket
        packet = self._socket.recv()
        return packet if isinstance(packet, str) else packet.decode()

    def _connect_payload(self) -> dict[str, str]:
        if self.user is None:
            return {}
        offset = self.memory.offset
        return {"token": self.user.token, **({"last_offset": offset} if offset else {})}

    def _read_inbox(self) -> Iterator[int]:
        assert self.user
        before = ""
        while True:
            status, page = self._api.get(f"/v1_0/user/notifications?limit={_PAGE}{before}", self.user)
            if status != 200:
                raise OSError(f"the inbox answers {status}")
            ids = [found["id"] for found in page["results"]]
            yield from ids
            if len(ids) < _PAGE:
                return
            before = f"&before={ids[-1]}"
