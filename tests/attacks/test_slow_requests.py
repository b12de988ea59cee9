"""Requests that arrive byte by byte, or not at all. Each holds resources of the server until it is closed."""

import resource
import select
import socket
import time
from contextlib import ExitStack, suppress

import pytest

from tests.attacks.attackers import Attack, Target, attack
from tests.attacks.bystanders import measure
from tests.im import Im
from tests.wire import Polling, query

_REQUEST_SECONDS = 10
_HALF_OPEN = 2000
_HEAD = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nX: "
_HANDSHAKE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA"
)


@attack
def half_open_connections(target: Target) -> None:
    _allow_descriptors()
    with ExitStack() as stack:
        connections = [stack.enter_context(target.connect()) for _ in range(_HALF_OPEN)]
        for connection in connections[::2]:
            connection.sendall(_HANDSHAKE)
        time.sleep(_REQUEST_SECONDS)


@attack
def requests_of_single_bytes(target: Target) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(target.connect()) for _ in range(100)]
        for connection in connections:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            connection.sendall(_HEAD)
        for _ in range(5000):
            for connection in connections:
                connection.send(b"x")


def _allow_descriptors() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@pytest.mark.parametrize("act", [half_open_connections, requests_of_single_bytes])
def test_slow_requests_do_not_starve_other_clients(im: Im, act: Attack) -> None:
    measured = measure(im, act)
    measured.assert_unharmed()
    assert measured.attacked.memory < 60e6


def test_slow_request_is_closed_while_it_still_sends(im: Im) -> None:
    target, session = Target.of(im), Polling(im.port)
    body = f"POST /socket.io/?{query(sid=session.sid)} HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n4".encode()
    begun = {"silent": b"", "line": b"GE", "head": _HEAD, "handshake": _HANDSHAKE, "body": body}
    with ExitStack() as stack:
        waiting = {stack.enter_context(target.connect()): name for name, _ in begun.items()}
        for connection, name in waiting.items():
            connection.sendall(begun[name])
        begun_at, ended = time.monotonic(), {}
        while waiting and time.monotonic() < begun_at + 3 * _REQUEST_SECONDS:
            for connection in select.select(list(waiting), [], [], 0.2)[0]:
                if not _read(connection):
                    ended[waiting.pop(connection)] = time.monotonic() - begun_at
            for connection, name in waiting.items():
                if name != "silent":
                    with suppress(OSError):
                        connection.send(b"x")

    assert set(ended) == set(begun)
    assert min(ended.values()) > _REQUEST_SECONDS - 1
    assert max(ended.values()) < 2 * _REQUEST_SECONDS


def _read(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1000)
    except ConnectionError:
        return b""
