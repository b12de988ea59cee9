"""Pipelined requests: each is sent before the previous one is answered."""

import socket
import threading
from contextlib import suppress

import pytest

from tests.attacks.attackers import Attack, Target, attack
from tests.attacks.bystanders import measure
from tests.im import Im
from tests.wire import Polling, query, talk

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
HANDSHAKE = f"GET /socket.io/?{query()} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


@attack
def pipelined_requests(target: Target) -> None:
    _pipeline(target, LIVEZ * 1000)


@attack
def pipelined_handshakes(target: Target) -> None:
    _pipeline(target, HANDSHAKE * 1000)


def _pipeline(target: Target, requests: bytes) -> None:
    with target.connect() as connection:
        threading.Thread(target=_send_for_ever, args=(connection, requests), daemon=True).start()
        while connection.recv(1 << 20):
            pass


def _send_for_ever(connection: socket.socket, requests: bytes) -> None:
    with suppress(OSError):
        while True:
            connection.sendall(requests)


@pytest.mark.parametrize("act", [pipelined_requests, pipelined_handshakes])
def test_pipelining_does_not_starve_other_clients(im: Im, act: Attack) -> None:
    measured = measure(im, act)
    measured.assert_unharmed()
    assert measured.attacked.memory < 100e6


@pytest.mark.parametrize("requests", [LIVEZ * 100, LIVEZ + b"x", HANDSHAKE * 2])
def test_only_the_first_pipelined_request_is_answered(shared_im: Im, requests: bytes) -> None:
    answer = talk(shared_im.port, requests)

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"\r\nConnection: close\r\n" in answer


def test_sequential_requests_share_one_connection(shared_im: Im) -> None:
    with Target.of(shared_im).connect() as connection:
        for _ in range(20):
            connection.sendall(LIVEZ)
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_websocket_frame_before_the_upgrade_is_refused(shared_im: Im) -> None:
    fields = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
    request = f"GET /socket.io/?{query('websocket')} HTTP/1.1\r\n{fields}\r\nSec-WebSocket-Key: {'A' * 22}==\r\n\r\n"

    assert b" 400 " in talk(shared_im.port, request.encode() + b"\x81\x82\0\0\0\x0040").split(b"\r\n")[0]
    Polling(shared_im.port).join()
