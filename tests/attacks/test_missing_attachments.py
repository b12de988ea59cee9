"""A session ends when its announced attachments never arrive or are too large."""

from tests.im import Im
from tests.wire import BEYOND_LIMITS, Websocket

_TEN_SECONDS = 10
_BINARY_EVENT = '452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'


def test_session_with_missing_attachments_is_closed_though_it_answers_pings(im: Im) -> None:
    with Websocket(im.port) as client:
        client.join()
        client.send(_BINARY_EVENT, b"one")
        client.send("3")
        client.ws.sock.settimeout(2 * _TEN_SECONDS)
        assert client.closing_code() == BEYOND_LIMITS
    assert im.metric('toutiao_im_disconnects_total{reason="attachments"}') == 1


def test_attachments_together_are_bounded_by_one_packet(shared_im: Im) -> None:
    with Websocket(shared_im.port) as client:
        client.join()
        client.send(_BINARY_EVENT, bytes(40_000), bytes(40_000))
        assert client.closing_code() in (None, 1000)
