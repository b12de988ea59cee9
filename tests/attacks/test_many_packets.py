"""POSTs with as many packets as the limit allows, one after the other and several at once."""

import pytest

from tests.attacks.attackers import Attack, Target, attack
from tests.attacks.bystanders import measure
from tests.im import Im
from tests.services import wait_until
from tests.wire import Polling, Request, query

_MOST = 1000


@attack
def posts_of_pongs(target: Target) -> None:
    _post(target, ["3"] * _MOST)


@attack
def posts_of_nested_lists(target: Target) -> None:
    _post(target, ["4[" + "[]," * 18 + "[]]"] * _MOST)


@attack
def posts_of_unknown_events(target: Target) -> None:
    _post(target, ['42["x"]'] * _MOST)


def _post(target: Target, packets: list[str]) -> None:
    session = Polling(target.port)
    session.join()
    while session.post(*packets)[0] == 200:
        pass


@pytest.mark.parametrize("act", [posts_of_pongs, posts_of_nested_lists, posts_of_unknown_events])
def test_posts_of_many_packets_do_not_starve_other_clients(im: Im, act: Attack) -> None:
    measure(im, act, attackers=2).assert_unharmed()


def test_packets_up_to_the_limit_are_handled_in_order(shared_im: Im) -> None:
    session = Polling(shared_im.port)
    session.join()

    assert session.post(*(f'42{number}["x"]' for number in range(_MOST - 1))) == (200, "ok")

    answers = [session.receive() for _ in range(_MOST - 1)]
    assert [answer[: answer.index("[")] for answer in answers] == [f"43{number}" for number in range(_MOST - 1)]


def test_payload_above_the_packet_limit_is_refused_whole(shared_im: Im) -> None:
    session = Polling(shared_im.port)
    session.join()

    assert session.post(*['42["x"]'] * (_MOST + 1))[0] == 400
    assert session.is_closed()


def test_concurrent_post_closes_the_session(shared_im: Im) -> None:
    body = "\x1e".join(["4[" + "[]," * 18 + "[]]"] * _MOST)

    def is_refused() -> bool:
        """Say whether a second POST arrived while the first was handled; that depends on timing."""
        session = Polling(shared_im.port)
        begun = [Request(shared_im.port, query(sid=session.sid), method="POST", body=body) for _ in range(4)]
        is_one_refused = 400 in [request.answer()[0] for request in begun]
        assert session.is_closed() == is_one_refused
        return is_one_refused

    wait_until(is_refused, seconds=20, what="two POSTs at once are refused")
