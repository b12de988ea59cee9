"""One client disconnects and connects on its session endlessly, with an old offset."""

import json
from contextlib import suppress

import pytest

from bench.websocket import text_frame
from core.cache import connect
from core.history import Entry, History
from tests.attacks.attackers import Attack, Target, attack
from tests.attacks.bystanders import measure
from tests.attacks.floods import flood, session
from tests.im import Im
from tests.wire import BEYOND_LIMITS, Websocket

_USER_ID = 2_000_003
_NOTIFICATIONS = 450
_CLOSED = 'toutiao_im_disconnects_total{reason="reconnects"}'
_offsets: dict[str, str] = {}  # the first offset, by the Redis that it was written to


def _first_offset(target: Target) -> str:
    """Return the first offset of a long history."""
    if target.redis_url not in _offsets:
        history = History(connect(target.redis_url, timeout_seconds=5), length=500, seconds=3600)
        data: dict[str, object] = {"user_id": 1, "user_name": "x" * 20, "user_photo": None, "timestamp": 1}
        entries = [Entry.encode(i, str(_USER_ID), "following notify", data, 1) for i in range(1, _NOTIFICATIONS)]
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
def test_endless_reconnects_do_not_starve_other_clients(im: Im, act: Attack) -> None:
    measure(im, act, has_effect=lambda: im.metric(_CLOSED) > 0).assert_unharmed()

    assert im.metric(_CLOSED) > 0


@pytest.mark.parametrize("packets", [["40/x,"], ['40{"token":"bad"}'], ["40", "41"]])
def test_endless_reconnects_are_answered_a_few_times_and_closed_with_a_reason(
    shared_im: Im, packets: list[str]
) -> None:
    before = shared_im.metric(_CLOSED)
    with Websocket(shared_im.port) as client:
        with suppress(ConnectionError):  # when the session is closed before everything is sent
            client.send(*(packets * 20))
        code = client.closing_code()
    assert code in (BEYOND_LIMITS, None)
    assert shared_im.metric(_CLOSED) == before + 1
