"""A handshake beyond a limit gets a status, a reason and a time to wait."""

import json
from typing import Any

import pytest
from prometheus_client import REGISTRY

from core.addresses import TrustedProxies
from im.hub.address_limits import AddressCounts, AddressRates, Clients
from im.transport.handshake_limits import HandshakeLimits

CLIENT, NEIGHBOUR = "203.0.113.7", "203.0.113.8"
PLENTY = 1e6


def limits(
    *, sessions: int = 100, per_second: float = PLENTY, by_address: int = 100, rate: float = PLENTY
) -> HandshakeLimits:
    clients = Clients(TrustedProxies())
    return HandshakeLimits(
        sessions=sessions,
        per_second=per_second,
        by_address=AddressCounts(clients, most=by_address),
        rates=AddressRates(clients, per_second=rate),
    )


def refusal(limits: HandshakeLimits, address: str = CLIENT, *, open_sessions: int = 0) -> tuple[str, str] | None:
    """Return the status and the reason."""
    answer: dict[str, Any] | None = limits.refuse(address, open_sessions=open_sessions)
    if answer is None:
        return None
    assert dict(answer["headers"])["Retry-After"] == "10"
    return answer["status"][:3], json.loads(answer["response"])["message"]


def test_handshake_within_the_limits_is_not_refused() -> None:
    assert refusal(limits(), open_sessions=99) is None


def test_full_server_refuses_everybody() -> None:
    assert refusal(limits(), "127.0.0.1", open_sessions=100) == ("503", "server_full")


def test_address_with_too_many_sessions_is_refused_until_one_ends() -> None:
    full = limits(by_address=1)
    full.opened(CLIENT)
    assert refusal(full) == ("429", "too_many_sockets_of_address")
    assert refusal(full, NEIGHBOUR) is None

    full.closed(CLIENT)

    assert refusal(full) is None


def test_address_that_shakes_hands_too_often_is_refused_and_takes_nothing_from_others() -> None:
    few = limits(per_second=0.2, rate=0.1)

    assert [refusal(few) for _ in range(3)] == [None, *[("429", "too_many_handshakes")] * 2]
    assert refusal(few, NEIGHBOUR) is None


def test_too_many_handshakes_of_all_together_are_refused() -> None:
    few = limits(per_second=0.1)

    assert [refusal(few, "127.0.0.1") for _ in range(2)] == [None, ("503", "too_many_handshakes")]


@pytest.mark.parametrize(
    ("reason", "limit", "open_sessions"),
    [
        ("server_full", limits(sessions=1), 1),
        ("too_many_sockets_of_address", limits(by_address=0), 0),
        ("too_many_handshakes", limits(per_second=0.01), 0),
    ],
)
def test_refused_handshake_is_counted_by_its_reason(reason: str, limit: HandshakeLimits, open_sessions: int) -> None:
    sample = ("toutiao_im_refused_total", {"reason": reason})
    before = REGISTRY.get_sample_value(*sample) or 0

    refusal(limit, open_sessions=open_sessions)

    assert REGISTRY.get_sample_value(*sample) == before + 1
