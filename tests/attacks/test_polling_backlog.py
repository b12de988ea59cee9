"""The backlog of a client that never reads its answers is bounded in bytes, on every transport."""

import urllib.request
from contextlib import suppress

import pytest
from websocket import WebSocketException

from tests.attacks.attackers import Attack, Target, attack
from tests.attacks.bystanders import measure
from tests.im import Im, Neighbour, fill_history
from tests.services import wait_until
from tests.wire import SEPARATOR, Polling, Websocket

_CHINESE = SEPARATOR.join(['42["message",{"msg":"' + "新" * 1300 + '"}]'] * 16)


@attack
def polls_that_never_come(target: Target) -> None:
    session = Polling(target.port)
    session.join()
    while session.post(_CHINESE)[0] == 200:
        pass


@attack
def a_websocket_that_is_not_read(target: Target) -> None:
    with Websocket(target.port) as session, suppress(WebSocketException):
        session.join()
        while True:
            session.send(*_CHINESE.split(SEPARATOR))


@pytest.mark.parametrize("act", [polls_that_never_come, a_websocket_that_is_not_read])
def test_polling_backlog_is_bounded_and_starves_no_other_client(im: Im, act: Attack) -> None:
    measured = measure(im, act)
    measured.assert_unharmed()
    assert measured.attacked.memory < 80e6


def test_session_that_does_not_poll_is_closed_and_its_backlog_freed(im: Im) -> None:
    session = Polling(im.port)
    session.join()
    assert _metric(im, "send_queue_bytes") == 0

    posts = 0
    while session.post(_CHINESE)[0] == 200:
        posts += 1
        assert posts < 100

    assert _metric(im, 'disconnects_total{reason="slow"}') == 1
    assert posts * len(_CHINESE.encode()) > 500_000  # a client that is only slightly late is not closed
    wait_until(lambda: _metric(im, "send_queue_bytes") == 0, seconds=5, what="the send queue is empty")


def test_backlog_of_pushes_is_bounded_in_bytes(im: Im) -> None:
    session = Polling(im.port)
    room = session.join()
    with Neighbour(im.redis_url) as neighbour:
        for _ in range(30):
            neighbour.emit("large", "x" * 100_000, room=room)
        wait_until(session.is_closed, seconds=10, what="the session is closed")
    assert _metric(im, 'disconnects_total{reason="slow"}') == 1


@pytest.mark.parametrize("how", ["websocket", "polling"])
def test_replay_above_the_bound_arrives_whole(shared_im: Im, how: str) -> None:
    """A replay is bounded by the history instead."""
    user_id, count = 4321, 300
    fill_history(shared_im, user_id, count, size=10_000)
    greeting = f'40{{"token":"{Target.of(shared_im).token(user_id)}","last_offset":"0-0"}}'
    if how == "websocket":
        with Websocket(shared_im.port) as session:
            session.send(greeting)
            received = _receive_until_sync(session)
    else:
        polling = Polling(shared_im.port)
        polling.post(greeting)
        received = _receive_until_sync(polling)

    assert '"recovered":true' in received[-1]
    assert sum(packet.startswith('42["following notify"') for packet in received) == count


def _receive_until_sync(session: Polling | Websocket) -> list[str]:
    received = [session.receive()]
    while not received[-1].startswith('42["sync"'):
        received.append(session.receive())
    return received


def _metric(im: Im, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{im.port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    [line] = [line for line in lines if line.startswith(f"toutiao_im_{name} ")]
    return float(line.split()[-1])
