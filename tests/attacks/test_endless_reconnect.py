"""One client leaves and connects on its session without end, with an old offset."""

import json
from contextlib import suppress

import pytest

from app.cache import connect
from app.history import Entry, History
from bench.websocket import text_frame
from tests.attacks.attackers import Attack, Target, attack
from tests.attacks.bystanders import measure
from tests.attacks.floods import flood, session
from tests.im import Im
from tests.wire import BEYOND_LIMITS, Websocket

_USER_ID = 2_000_003
_NOTIFICATIONS = 450
_offsets: dict[str, str] = {}  # the first one, by the Redis that it was written to


def _first_offset(target: Target) -> str:
    """Return the first offset of a long history."""
    if target.redis_url not in _offsets:
        history = History(connect(target.redis_url, timeout_seconds=5), length=500, seconds=3600)
        data: dict[str, object] = {"user_id": 1, "user_name": "x" * 20, "user_photo": None, "timestamp": 1}
        entries = [Entry.encode(i, _USER_ID, "following notify", data, 1) for i in range(1, _NOTIFICATIONS)]
        pushes = history.append(entries).pushes
        _offsets[target.redis_url] = pushes[0].split(b"\0")[2].decode()
    return _offsets[target.redis_url]


def _reconnect(target: Target, *packets: str) -> None:
    with session(target) as sock:
        flood(sock, b"".join(text_frame(packet.encode()) for packet in packets) * 20)


@attack
def connects_with_an_old_offset(target: Target) -> None:
    auth = {"token": target.token(_USER_ID), "last_offset": _first_offset(target)}
    _reconnect(target, "41", "40" + json.dumps(auth))


@attack
def connects_with_a_bad_token(target: Target) -> None:
    with session(target, is_connected=False) as sock:
        flood(sock, text_frame(b'40{"token":"%s"}' % (b"x" * 2000)) * 20)


@attack
def connects_to_namespaces_that_are_none(target: Target) -> None:
    _reconnect(target, "40/x,", "40/y,")


@pytest.mark.parametrize("act", [connects_with_an_old_offset, connects_with_a_bad_token])
def test_others_get_what_is_theirs(im: Im, act: Attack) -> None:
    measure(im, act).assert_unharmed()

    assert im.metric('toutiao_im_sent_away_total{reason="reconnects"}') > 0


@pytest.mark.parametrize("packets", [["40/x,"], ['40{"token":"bad"}'], ["40", "41"]])
def test_a_few_are_answered_and_then_the_client_is_told_why_it_is_closed(im: Im, packets: list[str]) -> None:
    with Websocket(im.port) as client:
        with suppress(ConnectionError):  # where it is closed before all is sent
            client.send(*(packets * 20))
        code = client.closing_code()
    assert code in (BEYOND_LIMITS, None)
    assert im.metric('toutiao_im_sent_away_total{reason="reconnects"}') == 1
