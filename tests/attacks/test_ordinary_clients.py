"""No limit affects ordinary clients, even at their busiest."""

import json

from core import wire
from core.cache import connect
from tests.attacks.attackers import Target
from tests.clients import Client
from tests.im import Im
from tests.services import wait_until
from tests.wire import Polling, Websocket

_USER_ID = 3_000_000
_QUEUED = 500  # events that a client sends at once when it reconnects
_TABS = 500


def _assert_untouched(im: Im) -> None:
    assert im.metric("toutiao_im_rate_limited_total") == 0
    for reason in ("flood", "reconnects", "unconnected", "attachments"):
        assert im.metric(f'toutiao_im_disconnects_total{{reason="{reason}"}}') == 0


def test_client_may_send_its_queued_events_at_once(im: Im) -> None:
    with Websocket(im.port) as client:
        client.join()
        client.send(*(f'42{n}["message",{{"msg":"x"}}]' for n in range(_QUEUED)))
        come = [client.receive() for _ in range(2 * _QUEUED)]
    assert sum(packet.startswith("43") for packet in come) == _QUEUED
    polling = Polling(im.port)
    polling.join()
    assert polling.post(*(f'42{n}["x"]' for n in range(_QUEUED))) == (200, "ok")
    assert all(polling.receive().startswith("43") for _ in range(_QUEUED))
    _assert_untouched(im)


def test_user_may_open_many_tabs(im: Im) -> None:
    target = Target.of(im)
    auth = "40" + json.dumps({"token": target.token(_USER_ID), "last_offset": "0-0"})
    tabs = [Websocket(im.port) for _ in range(_TABS)]
    try:
        for tab in tabs:
            tab.send(auth)
        for tab in tabs:
            while not tab.receive().startswith('42["sync"'):
                pass
        push = wire.encode_push(str(_USER_ID), wire.encode_packet("anything", {"a": 1}))
        connect(im.redis_url, timeout_seconds=5).publish("socketio", push)
        assert all(tab.receive().startswith('42["anything"') for tab in tabs)
    finally:
        for tab in tabs:
            tab.ws.shutdown()
    _assert_untouched(im)


def test_user_may_reconnect_on_one_session_now_and_then(im: Im) -> None:
    with Websocket(im.port) as client:
        client.join()
        for _ in range(4):
            client.send("41")
            client.join()
        assert client.is_alive()
    _assert_untouched(im)


def test_client_may_upgrade_from_polling(im: Im) -> None:
    client = Client([f"http://127.0.0.1:{im.port}"], Target.of(im).token(_USER_ID), last_offset="0-0")
    client.wait_for("sync")
    wait_until(lambda: client.sio.transport() == "websocket", seconds=5, what="the client has upgraded")
    client.close()
    _assert_untouched(im)
