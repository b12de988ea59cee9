"""One client sends events, acknowledgements and packets as fast as it can."""

import pytest

from bench.websocket import text_frame
from tests.attacks.attackers import Attack, Target, attack
from tests.attacks.bystanders import measure
from tests.attacks.floods import Ended, flood, session
from tests.im import Im

_EVENT = '421["message",{"msg":"x"}]'


def _flood(target: Target, packet: str, times: int = 1000) -> None:
    with session(target, user_id=2_000_001) as sock:
        flood(sock, text_frame(packet.encode()) * times)


@attack
def events_with_acknowledgement(target: Target) -> None:
    _flood(target, _EVENT)


@attack
def events_that_nobody_knows(target: Target) -> None:
    _flood(target, '421["x"]')


@attack
def events_of_64_kb(target: Target) -> None:
    _flood(target, '421["message",{"msg":"%s"}]' % ("x" * 60_000), times=4)


@attack
def acknowledgements_nobody_asked_for(target: Target) -> None:
    _flood(target, "431[]")


@attack
def disconnects(target: Target) -> None:
    _flood(target, "41/x,")


@pytest.mark.parametrize("act", [events_with_acknowledgement, events_of_64_kb, acknowledgements_nobody_asked_for])
def test_event_flood_does_not_starve_other_clients(im: Im, act: Attack) -> None:
    measure(im, act, has_effect=lambda: im.metric("toutiao_im_rate_limited_total") > 0).assert_unharmed()

    assert im.metric("toutiao_im_rate_limited_total") > 0


def test_concurrent_event_floods_do_not_starve_other_clients(im: Im) -> None:
    measure(im, events_with_acknowledgement, attackers=4).assert_unharmed()


def test_session_of_an_event_flood_is_closed_with_a_reason(im: Im) -> None:
    with session(Target.of(im)) as sock, pytest.raises(Ended) as ended:
        flood(sock, text_frame(_EVENT.encode()) * 100)

    if im.transport == "fast":  # the library's own close may be lost: the kernel resets what has unread data
        assert ended.value.last.endswith(b"\x88\x07\x03\xf0flood")
    assert im.metric('toutiao_im_disconnects_total{reason="flood"}') == 1
