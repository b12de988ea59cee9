"""Attachments that are announced and never come, or are too much, end the session."""

from tests.im import Im
from tests.wire import BEYOND_LIMITS, Websocket

_TEN_SECONDS = 10
_BINARY_EVENT = '452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'


def test_who_never_sends_them_is_closed_though_it_answers_pings(im: Im) -> None:
    with Websocket(im.port) as client:
        client.join()
        client.send(_BINARY_EVENT, b"one")
        client.send("3")
        client.ws.sock.settimeout(2 * _TEN_SECONDS)
        assert client.closing_code() == BEYOND_LIMITS
    assert im.metric('toutiao_im_sent_away_total{reason="attachments"}') == 1


def test_all_of_them_together_are_no_larger_than_one_packet(im: Im) -> None:
    with Websocket(im.port) as client:
        client.join()
        client.send(_BINARY_EVENT, bytes(40_000), bytes(40_000))
        assert client.closing_code() in (None, 1000)
