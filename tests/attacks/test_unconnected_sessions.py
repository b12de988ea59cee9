"""Sessions that never connect, or that their client has left, are closed."""

import time

from tests.im import Im
from tests.services import wait_until
from tests.wire import BEYOND_LIMITS, Polling, Websocket

_SECONDS = 15


def test_unconnected_session_is_counted_and_then_closed(im: Im) -> None:
    silent, left, polling = Websocket(im.port), Websocket(im.port), Polling(im.port)
    with Websocket(im.port) as connected, silent, left:
        begun_at = time.monotonic()
        connected.join()
        left.join()
        left.send("41", "41")
        wait_until(
            lambda: im.metric("toutiao_im_unconnected_sessions") == 3, seconds=5, what="three idle sessions are counted"
        )
        assert im.metric("toutiao_im_sessions") == 4
        for session in (silent, left):
            session.ws.sock.settimeout(2 * _SECONDS)
            assert session.closing_code() == BEYOND_LIMITS
        assert time.monotonic() - begun_at > 0.9 * _SECONDS
        wait_until(polling.is_closed, seconds=5, what="the polling session is closed too")
        assert connected.is_alive()
    assert im.metric('toutiao_im_disconnects_total{reason="unconnected"}') == 3
    assert im.metric("toutiao_im_unconnected_sessions") == 0
