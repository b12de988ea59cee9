"""Requests with all that fits into them: queries of many fields, many headers, and more of both than is taken."""

import pytest

from tests.attacks.attackers import Attack, Target, attack
from tests.attacks.bystanders import measure
from tests.im import Im
from tests.wire import talk

_QUERY = b"GET /socket.io/?" + b"&a=b" * 2000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
_HEADERS = b"GET /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\n" + b"X-A: b\r\n" * 95 + b"\r\n"


@attack
def queries_of_many_fields(target: Target) -> None:
    _ask(target, _QUERY)


@attack
def many_headers(target: Target) -> None:
    _ask(target, _HEADERS)


def _ask(target: Target, request: bytes) -> None:
    with target.connect() as connection:
        connection.sendall(request)
        while connection.recv(64 * 1024):
            connection.sendall(request)


@pytest.mark.parametrize("act", [queries_of_many_fields, many_headers])
def test_nobody_is_starved(im: Im, act: Attack) -> None:
    measure(im, act, attackers=2).assert_unharmed()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"x" * 9000, b"414"),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000, b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 200 + b"\r\n", b"431"),
    ],
)
def test_more_than_is_taken_is_refused_before_it_ends(im: Im, request_: bytes, status: bytes) -> None:
    assert talk(im.port, request_).split(b" ")[1] == status
