"""The load: many Socket.IO clients over websockets in one process, on epoll. They need less CPU than any server."""

import errno
import json
import resource
import select
import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Self

from bench.servers import SECRET
from bench.websocket import Closed, Frames, handshake, text_frame
from core import tokens

_PATH = "/socket.io/?EIO=4&transport=websocket"
_PONG = text_frame(b"3")
_READ = 64 * 1024
_TURN_SECONDS = 0.05
_STARTS_A_TURN = 50  # with more, received pushes would have to wait, which would count as latency
_PER_ADDRESS = 20_000  # connections; one address has about 28,000 ports, and closed ones stay in TIME_WAIT
_OTHER_FILES = 200  # open files of a process that are no clients
_BIND_ADDRESS_NO_PORT = 24  # IP_BIND_ADDRESS_NO_PORT: connect() picks the port, so only the pair has to be unique


class Lost(Exception):
    """Something that should have arrived did not arrive."""


class Client:
    __slots__ = ("frames", "is_synced", "received", "sock", "started_at", "user_id", "waited")

    def __init__(self, user_id: int, sock: socket.socket) -> None:
        self.user_id = user_id
        self.sock = sock
        self.frames = Frames()
        self.is_synced = False
        self.received = 0
        self.started_at = time.monotonic()
        self.waited = 0.0


class Load:
    """Clients of one server. Counts what each gets, and measures the time from the publisher to the client."""

    _address = 0

    def __init__(self, port: int) -> None:
        self._port = port
        self._epoll = select.epoll()
        self._hello = handshake(_PATH, port)
        self._clients: dict[int, Client] = {}
        self._auths: dict[int, bytes] = {}
        self._refreshes: dict[int, bytes] = {}
        self._in_flight = 0
        self.delivered = 0
        self.replayed = 0
        self.unrecovered = 0
        self.closed = 0
        self.refreshed = 0
        self.latencies: list[float] = []
        self.first_t = self.last_t = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.leave()
        self._epoll.close()

    @property
    def size(self) -> int:
        return len(self._clients)

    def prepare(
        self, user_ids: Iterable[int], last_offsets: Mapping[int, str], *, issued_at: int | None = None
    ) -> None:
        """Sign the tokens of later clients, with their offsets if there are any, because signing takes time."""
        self._auths |= {user_id: _auth(user_id, last_offsets.get(user_id), issued_at) for user_id in user_ids}

    def refresh_when_asked(self, user_ids: Iterable[int]) -> None:
        """Sign new tokens, which clients send when they are told that their own end soon."""
        self._refreshes |= {user_id: _refresh(user_id) for user_id in user_ids}

    def connect(self, user_ids: Sequence[int], *, at_once: int = 100, seconds: float = 300) -> list[Client]:
        """Connect clients and wait until each has got its `sync`; at most `at_once` connect at the same time."""
        self.prepare(set(user_ids) - self._auths.keys(), {})
        waiting = list(reversed(user_ids))
        new: list[Client] = []

        def all_in() -> bool:
            for _ in range(min(_STARTS_A_TURN, at_once - self._in_flight, len(waiting))):
                new.append(self._start(waiting.pop()))
            return not waiting and not self._in_flight

        self.run(all_in, seconds=seconds, what="clients connect")
        if not all(client.is_synced for client in new):
            raise Lost(f"{sum(not client.is_synced for client in new)} clients were closed before they got `sync`")
        return new

    def run(self, is_done: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Serve the clients until is_done(); raise Lost after the deadline."""
        deadline = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() > deadline:
                raise Lost(f"not in {seconds:.0f} s: {what} ({self.delivered} delivered, {self.closed} closed)")
            self.turn(_TURN_SECONDS)

    def rest(self, seconds: float) -> None:
        """Answer pings for a time; raise Lost when a client was closed."""
        end, closed = time.monotonic() + seconds, self.closed
        while (left := end - time.monotonic()) > 0:
            self.turn(min(left, 0.2))
        if self.closed > closed:
            raise Lost(f"{self.closed - closed} idle clients were closed")

    def reset(self) -> None:
        """Reset all counters."""
        self.delivered = self.replayed = self.unrecovered = 0
        self.latencies, self.first_t, self.last_t = [], 0.0, 0.0
        for client in self._clients.values():
            client.received = 0

    def check_each_received(self, count: int) -> None:
        """Raise Lost unless each client got exactly `count` pushes."""
        wrong = [client for client in self._clients.values() if client.received != count]
        if wrong:
            raise Lost(f"{len(wrong)} clients got not {count} pushes but, for instance, {wrong[0].received}")

    def leave(self) -> None:
        """Close every connection at once, without a close frame."""
        for client in self._clients.values():
            client.sock.close()
        self._clients.clear()
        self._in_flight = 0

    def _start(self, user_id: int) -> Client:
        sock = socket.socket()
        sock.setblocking(False)
        if sys.platform == "linux":
            Load._address += 1
            sock.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
            sock.bind((f"127.0.0.{2 + Load._address // _PER_ADDRESS % 200}", 0))
        client = Client(user_id, sock)
        status = sock.connect_ex(("127.0.0.1", self._port))
        if status not in (0, errno.EINPROGRESS):
            raise OSError(status, "connect")
        self._clients[sock.fileno()] = client
        self._epoll.register(sock.fileno(), select.EPOLLOUT)
        self._in_flight += 1
        return client

    def turn(self, timeout: float) -> None:
        """Serve the clients once; wait so many seconds at most for something to do."""
        for fd, event in self._epoll.poll(timeout):
            client = self._clients[fd]
            try:
                if event & select.EPOLLOUT:
                    client.sock.send(self._hello)
                    self._epoll.modify(fd, select.EPOLLIN)
                else:
                    self._receive(client, client.sock.recv(_READ))
            except (OSError, Closed):
                self._forget(fd, client)

    def _receive(self, client: Client, data: bytes) -> None:
        if not data:
            raise Closed
        now = time.time()
        for payload in client.frames.feed(data):
            self._take(client, payload, now)

    def _take(self, client: Client, payload: bytes, now: float) -> None:
        if payload.startswith(b'42["following'):
            self._count(client, payload, now)
        elif payload == b"2":
            client.sock.send(_PONG)
        elif payload.startswith(b"0{"):
            client.sock.send(self._auths[client.user_id])
        elif payload.startswith(b'42["sync"'):
            client.is_synced = True
            self.unrecovered += b'"recovered":true' not in payload
            client.waited = time.monotonic() - client.started_at
            self._in_flight -= 1
        elif payload.startswith(b'42["token_expiring"') and client.user_id in self._refreshes:
            client.sock.send(self._refreshes[client.user_id])
        elif payload.startswith(b'430[{"status":"ok"'):
            self.refreshed += 1
        elif payload.startswith(b"44"):
            raise Lost(f"refused: {payload!r}")

    def _count(self, client: Client, payload: bytes, now: float) -> None:
        at = payload.find(b'"t":')
        if at < 0:
            self.replayed += 1  # only notifications of a history have no `t`
            return
        t = float(payload[at + 4 : -2])
        self.latencies.append(now - t)
        self.first_t = self.first_t or t
        self.last_t = t
        self.delivered += 1
        client.received += 1

    def _forget(self, fd: int, client: Client) -> None:
        self.closed += 1
        self._in_flight -= not client.is_synced
        del self._clients[fd]
        client.sock.close()


def most_clients(wanted: int) -> int:
    """Raise the limit of open files for this process and its servers; return how many clients it allows."""
    needed = wanted + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # only root may raise the hard limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), max(hard, needed)))
        return wanted
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, needed)), hard))
    return min(wanted, hard - _OTHER_FILES)


def _auth(user_id: int, last_offset: str | None, issued_at: int | None) -> bytes:
    auth = {"token": tokens.sign(SECRET, user_id=user_id, issued_at=issued_at)}
    if last_offset is not None:
        auth["last_offset"] = last_offset
    return text_frame(b"40" + json.dumps(auth).encode())


def _refresh(user_id: int) -> bytes:
    event = ["refresh", {"token": tokens.sign(SECRET, user_id=user_id)}]
    return text_frame(b"420" + json.dumps(event).encode())
