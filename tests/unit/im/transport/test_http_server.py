"""A connection beyond a limit is answered at once, before its request is read, and leaves nothing."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
from eventlet.greenio import GreenSocket
from prometheus_client import REGISTRY

from im.hub.address_limits import AddressCounts
from im.hub.admission import AdmissionQueue
from im.transport.http_exchange import RequestLimits
from im.transport.http_server import HttpLimits, serve

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def hello(_environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "2")])
    return [b"hi"]


class Server:
    """A server that counts connections of loopback, too."""

    def __init__(self, *, most: int = 10, highest_descriptor: int = 100_000, seconds: float = 10) -> None:
        clients: Any = SimpleNamespace(block_of=lambda address: address)
        self.connections = AddressCounts(clients, most=most)
        limits = HttpLimits(RequestLimits(seconds, body_bytes=1000), self.connections, highest_descriptor)
        self._listener = eventlet.listen(("127.0.0.1", 0))
        self._serving = eventlet.spawn(serve, self._listener, hello, AdmissionQueue(), limits)
        self.address = self._listener.getsockname()

    def stop(self) -> None:
        self._serving.kill()

    def connect(self) -> GreenSocket:
        connection = GreenSocket()
        connection.settimeout(5)
        connection.connect(self.address)
        return connection

    def ask(self, connection: GreenSocket) -> bytes:
        connection.sendall(REQUEST)
        answer: bytes = connection.recv(4096)
        return answer


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    started: list[Server] = []
    yield started
    for server in started:
        server.stop()


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("toutiao_im_refused_total", {"reason": reason}) or 0


def test_connection_beyond_the_limit_of_its_address_is_refused_until_one_ends(servers: list[Server]) -> None:
    server = Server(most=1)
    servers.append(server)
    before = refused("too_many_sockets_of_address")
    first = server.connect()
    assert server.ask(first).startswith(b"HTTP/1.1 200 ")

    with closing(server.connect()) as second:
        answer = second.recv(4096)
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b"\r\nRetry-After: 10\r\n" in answer
    assert refused("too_many_sockets_of_address") == before + 1

    first.close()
    with eventlet.Timeout(5):
        while len(server.connections):
            eventlet.sleep(0.01)
    with closing(server.connect()) as third:
        assert server.ask(third).startswith(b"HTTP/1.1 200 ")


def test_connection_that_takes_one_of_the_last_descriptors_is_refused(servers: list[Server]) -> None:
    server = Server(highest_descriptor=1)
    servers.append(server)
    before = refused("server_full")

    with closing(server.connect()) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 503 ")

    assert refused("server_full") == before + 1
    assert len(server.connections) == 0


def test_request_that_does_not_arrive_in_time_is_refused(servers: list[Server]) -> None:
    server = Server(seconds=0.05)
    servers.append(server)

    with closing(server.connect()) as connection:
        connection.sendall(REQUEST[:20])
        assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")

    with closing(server.connect()) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nslow")
        assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")
