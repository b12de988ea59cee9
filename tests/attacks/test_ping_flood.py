"""One client sends heartbeats, control frames or next to nothing as fast as it can."""

import pytest

from bench.websocket import text_frame
from tests.attacks.attackers import Attack, Target, attack
from tests.attacks.bystanders import measure
from tests.attacks.floods import flood, session
from tests.im import Im
from tests.wire import CONTINUED, PING, TEXT, frame


def _flood(target: Target, data: bytes) -> None:
    with session(target, user_id=2_000_002) as sock:
        flood(sock, data)


@attack
def pongs_of_engine_io(target: Target) -> None:
    _flood(target, text_frame(b"3") * 5000)


@attack
def pings_of_websockets(target: Target) -> None:
    _flood(target, frame(PING, b"x") * 5000)


@attack
def fragments_of_nothing(target: Target) -> None:
    with session(target) as sock:
        sock.sendall(frame(TEXT, b"42", is_last=False))
        flood(sock, frame(CONTINUED, is_last=False) * 5000)


@attack
def pings_of_engine_io(target: Target) -> None:
    _flood(target, text_frame(b"2") * 5000)


@attack
def empty_messages(target: Target) -> None:
    _flood(target, text_frame(b"") * 5000)


@pytest.mark.parametrize("act", [pongs_of_engine_io, pings_of_websockets, fragments_of_nothing])
def test_ping_flood_is_throttled_and_starves_no_other_client(im: Im, act: Attack) -> None:
    measure(im, act, has_effect=lambda: im.metric("toutiao_im_rate_limited_total") > 0).assert_unharmed()

    assert im.metric("toutiao_im_rate_limited_total") > 0


@pytest.mark.parametrize("act", [pings_of_engine_io, empty_messages])
def test_invalid_packet_ends_the_session_at_once(im: Im, act: Attack) -> None:
    measure(im, act).assert_unharmed()
