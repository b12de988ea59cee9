"""Requests with queries and headers up to the limits, and above them."""

import pytest

from tests.attacks.attackers import Attack, Target, attack
from tests.attacks.bystanders import measure
from tests.im import Im
from tests.wire import talk

_QUERY = b"GET /socket.io/?" + b"&a=b" * 2000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
_HEADERS = b"GET /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\n" + b"X-A: b\r\n" * 95 + b"\r\n"
# Each takes quadratic time when a regular expression can split the blanks in more than one way.
_BLANKS = b" " * 30_000
_NAMES = [b"x" * 30_000 + b" : y", b"x-" * 15_000]
_VALUES = [b"X: a" + _BLANKS + b"b", b"X:" + _BLANKS + b"\x01", b"X: " + b"a \t" * 10_000 + b"\x7f"]


@attack
def queries_of_many_fields(target: Target) -> None:
    _ask(target, _QUERY)


@attack
def many_headers(target: Target) -> None:
    _ask(target, _HEADERS)


@attack
def headers_of_many_blanks(target: Target) -> None:
    for field in [*_NAMES, *_VALUES]:
        for _ in range(100):
            _ask_once(target, _head(field))


def _head(field: bytes) -> bytes:
    return b"GET /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n\r\n"


def _ask_once(target: Target, request: bytes) -> None:
    with target.connect() as connection:
        connection.sendall(request)
        while connection.recv(64 * 1024):
            pass


def _ask(target: Target, request: bytes) -> None:
    with target.connect() as connection:
        connection.sendall(request)
        while connection.recv(64 * 1024):
            connection.sendall(request)


@pytest.mark.parametrize("act", [queries_of_many_fields, many_headers, headers_of_many_blanks])
def test_large_requests_do_not_starve_other_clients(im: Im, act: Attack) -> None:
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
def test_request_above_the_limits_is_refused_before_it_ends(shared_im: Im, request_: bytes, status: bytes) -> None:
    assert talk(shared_im.port, request_).split(b" ")[1] == status
