"""What ordinary clients do, at its most, is touched by no limit."""

import json

from app import events
from app.cache import connect
from tests.attacks.attackers import Target
from tests.clients import Client
from tests.im import Im
from tests.services import wait_until
from tests.wire import Polling, Websocket

_USER_ID = 3_000_000
_QUEUED = 500  # events that a client sends at once when it comes back
_TABS = 500


def _assert_untouched(im: Im) -> None:
    assert im.metric("toutiao_im_pauses_total") == 0
    for reason in ("flood", "reconnects", "unconnected", "attachments"):
        assert im.metric(f'toutiao_im_sent_away_total{{reason="{reason}"}}') == 0


def test_events_that_were_queued_while_a_client_was_away(im: Im) -> None:
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


def test_many_tabs_of_one_user(im: Im) -> None:
    target = Target.of(im)
    auth = "40" + json.dumps({"token": target.token(_USER_ID), "last_offset": "0-0"})
    tabs = [Websocket(im.port) for _ in range(_TABS)]
    try:
        for tab in tabs:
            tab.send(auth)
        for tab in tabs:
            while not tab.receive().startswith('42["sync"'):
                pass
        push = events.encode_push(events.room_of(_USER_ID), events.encode_packet("anything", {"a": 1}))
        connect(im.redis_url, timeout_seconds=5).publish("socketio", push)
        assert all(tab.receive().startswith('42["anything"') for tab in tabs)
    finally:
        for tab in tabs:
            tab.ws.shutdown()
    _assert_untouched(im)


def test_a_user_who_connects_again_on_one_session_now_and_then(im: Im) -> None:
    with Websocket(im.port) as client:
        client.join()
        for _ in range(4):
            client.send("41")
            client.join()
        assert client.is_alive()
    _assert_untouched(im)


def test_a_client_that_comes_over_from_polling(im: Im) -> None:
    client = Client([f"http://127.0.0.1:{im.port}"], Target.of(im).token(_USER_ID), last_offset="0-0")
    client.wait_for("sync")
    wait_until(lambda: client.sio.transport() == "websocket", seconds=5, what="it has come over")
    client.close()
    _assert_untouched(im)
