"""A page of another site opens sockets in the browser of a user. Browsers name the site in the header `Origin`."""

import pytest

from bench.websocket import handshake
from tests.im import Im
from tests.wire import Polling, query, request, talk

_FOREIGN = [
    "http://evil.example",
    "https://evil.example:8001",
    "null",  # a sandboxed frame, a file, a redirect between sites
    "file://",
    "http://127.0.0.1.evil.example",
    "http://evil.example#http://127.0.0.1:5000",
    "http://127.0.0.1:5000@evil.example",
    "http://127.0.0.1:5000.evil.example",
    "http://127.0.0.1:5000 http://evil.example",
    "http://127.0.0.1:5000, http://evil.example",
    "*",
]


def _open_websocket(im: Im, origin: str) -> bytes:
    head = handshake(f"/socket.io/?{query('websocket')}", im.port)
    return talk(im.port, head[:-2] + f"Origin: {origin}\r\n\r\n".encode())


@pytest.mark.parametrize("origin", _FOREIGN)
def test_page_of_another_site_opens_no_socket(shared_im: Im, origin: str) -> None:
    answer = _open_websocket(shared_im, origin)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"access-control" not in answer.lower()


@pytest.mark.parametrize("origin", _FOREIGN)
def test_page_of_another_site_can_not_poll_and_post(shared_im: Im, origin: str) -> None:
    session = Polling(shared_im.port)

    assert request(shared_im.port, query(), Origin=origin)[0] == 400
    for method, body in (("GET", None), ("POST", "1"), ("OPTIONS", None)):
        assert request(shared_im.port, query(sid=session.sid), method=method, body=body, Origin=origin)[0] == 400

    session.join()  # nothing has ended it


def test_page_of_this_site_opens_a_socket_and_may_poll(shared_im: Im) -> None:
    origin = "http://127.0.0.1:5000"

    assert _open_websocket(shared_im, origin).startswith(b"HTTP/1.1 101 ")
    assert request(shared_im.port, query(), Origin=origin)[0] == 200
