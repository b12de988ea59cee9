"""Bodies that are shorter than their Content-Length, and bodies above the limit."""

import pytest

from tests.attacks.attackers import Target, attack
from tests.attacks.bystanders import measure
from tests.im import Im
from tests.wire import Polling, query, talk

_LARGE = 1 << 30


@attack
def huge_bodies(target: Target) -> None:
    session = Polling(target.port)
    with target.connect() as connection:
        connection.sendall(_head(session.sid, _LARGE))
        for _ in range(1000):
            connection.sendall(bytes(64 * 1024))


def _head(sid: str, length: int) -> bytes:
    return f"POST /socket.io/?{query(sid=sid)} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


def test_huge_body_is_not_read(im: Im) -> None:
    measured = measure(im, huge_bodies)
    measured.assert_unharmed()
    assert measured.attacked.memory < 50e6


@pytest.mark.parametrize("sent", [b"", b"4", b"40", b"40\x1e42"])
def test_truncated_body_is_not_handled(shared_im: Im, sent: bytes) -> None:
    session = Polling(shared_im.port)

    answer = talk(shared_im.port, _head(session.sid, len(sent) + 1) + sent)

    assert answer.startswith(b"HTTP/1.1 400 ")
    session.join()  # if the body had been handled as a CONNECT, this would be the second one


def test_body_above_the_limit_is_refused_before_it_arrives(shared_im: Im) -> None:
    session = Polling(shared_im.port)
    with Target.of(shared_im).connect() as connection:
        connection.sendall(_head(session.sid, 64 * 1024 + 1))

        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")

    assert session.is_closed()


def test_expect_continue_is_answered(shared_im: Im) -> None:
    session = Polling(shared_im.port)
    head = _head(session.sid, 2).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    with Target.of(shared_im).connect() as connection:
        connection.sendall(head)
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"40")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")

    assert session.receive().startswith("40{")
