"""Sessions that are opened and never connected, or left by their client, do not stay."""

import time

from tests.im import Im
from tests.services import wait_until
from tests.wire import BEYOND_LIMITS, Polling, Websocket

_SECONDS = 15


def test_who_does_not_connect_is_closed_and_counted_meanwhile(im: Im) -> None:
    silent, left, polling = Websocket(im.port), Websocket(im.port), Polling(im.port)
    with Websocket(im.port) as connected, silent, left:
        begun_at = time.monotonic()
        connected.join()
        left.join()
        left.send("41", "41")
        wait_until(lambda: im.metric("toutiao_im_unconnected") == 3, seconds=5, what="three are in no namespace")
        assert im.metric("toutiao_im_sessions") == 4
        for session in (silent, left):
            session.ws.sock.settimeout(2 * _SECONDS)
            assert session.closing_code() == BEYOND_LIMITS
        assert time.monotonic() - begun_at > 0.9 * _SECONDS
        wait_until(polling.is_closed, seconds=5, what="who polls is gone too")
        assert connected.is_alive()
    assert im.metric('toutiao_im_sent_away_total{reason="unconnected"}') == 3
    assert im.metric("toutiao_im_unconnected") == 0
