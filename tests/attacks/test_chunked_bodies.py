"""Chunked bodies: chunks of one byte, and chunk headers and trailers that never end."""

import pytest

from tests.attacks.attackers import Attack, Target, attack
from tests.attacks.bystanders import measure
from tests.im import Im
from tests.wire import Polling, query, talk

_CHUNKS = b"1\r\nx\r\n" * 10_000


@attack
def one_byte_chunks(target: Target) -> None:
    _send(target, b"", _CHUNKS)


@attack
def endless_chunk_header(target: Target) -> None:
    _send(target, b"1;", b"x" * 60_000)


@attack
def endless_trailers(target: Target) -> None:
    _send(target, b"1\r\nx\r\n0\r\n", b"a: b\r\n" * 10_000)


def _send(target: Target, first: bytes, again: bytes) -> None:
    session = Polling(target.port)
    with target.connect() as connection:
        connection.sendall(_head(session.sid) + first)
        for _ in range(200):
            connection.sendall(again)


def _head(sid: str) -> bytes:
    return f"POST /socket.io/?{query(sid=sid)} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()


@pytest.mark.parametrize("act", [one_byte_chunks, endless_chunk_header, endless_trailers])
def test_chunked_bodies_do_not_starve_other_clients(im: Im, act: Attack) -> None:
    measured = measure(im, act)
    measured.assert_unharmed()
    assert measured.attacked.memory < 50e6


def test_chunked_body_is_refused_and_changes_nothing(shared_im: Im) -> None:
    session = Polling(shared_im.port)

    answer = talk(shared_im.port, _head(session.sid) + b"2\r\n40\r\n0\r\n\r\n" + b"GET /livez HTTP/1.1\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 501 ")
    assert answer.count(b"HTTP/1.1") == 1
    session.join()
