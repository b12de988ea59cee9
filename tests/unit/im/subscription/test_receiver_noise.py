"""Nothing that can be published stops the listener: after it, a good push arrives."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import wire
from core.signatures import Verifier, create_signer, without_signature
from im.subscription.authenticity import Authenticator
from tests.unit.im.subscription.test_receiver import KEY, RealClock, Scenario, sign

GOOD = wire.encode_push("7", wire.encode_packet("number", 1))
PUSHES = wire.SEPARATOR.join(
    wire.encode_push(room, wire.encode_packet("following notify", {"id": 1}), previous="1-0", offset="2-0")
    for room in ("7", "8", "")
)
REQUESTS: list[dict[str, Any]] = [
    {"method": "emit", "event": "a", "data": [1], "namespace": "/", "room": "7", "skip_sid": None, "callback": None},
    {"method": "disconnect", "sid": "x", "namespace": "/", "host_id": "foreign"},
    {"method": "enter_room", "sid": "x", "room": "7", "namespace": "/"},
    {"method": "close_room", "room": "7", "namespace": "/"},
    {"method": "callback", "host_id": "foreign", "sid": "x", "id": 1, "args": []},
    {"method": "nonce", "host_id": "foreign", "number": 1},
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
requests = st.sampled_from(REQUESTS).flatmap(
    lambda request: st.fixed_dictionaries({name: st.just(value) | json_values for name, value in request.items()})
)
forged = create_signer(["f" * 32], "test", lambda: 0.0)


@st.composite
def changed(draw: Any) -> bytes:
    """Return a good message in which some bytes are replaced, added or left out."""
    message = draw(st.sampled_from([PUSHES, sign(PUSHES), json.dumps(REQUESTS[0]).encode(), sign(b"{}")]))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(message)))
        message = message[:at] + draw(st.binary(max_size=4)) + message[at + draw(st.integers(0, 4)) :]
    return bytes(message)


encoded = requests.map(lambda request: json.dumps(request).encode())
content = st.binary(max_size=200) | st.binary(max_size=60).map(b"P".__add__) | encoded
noise = content | changed() | content.map(forged)


def with_key(message: bytes) -> Scenario:
    return _received(message, Authenticator(Verifier([KEY], "test"), RealClock()).authenticate, sign)


def without_key(message: bytes) -> Scenario:
    return _received(message, without_signature, bytes)


def _received(message: bytes, authenticate: Callable[[bytes], bytes], sign: Callable[[bytes], bytes]) -> Scenario:
    """Receive a message, and a good push after it."""
    scenario = Scenario(authenticate=authenticate, may_control=True)
    scenario.rooms.connect("another", "/")
    scenario.receive(message)
    scenario.enter("7")
    scenario.delivered.clear()
    scenario.receive(sign(GOOD))
    return scenario


@pytest.mark.parametrize("server", [with_key, without_key])
@settings(max_examples=400)
@given(message=noise)
def test_push_after_any_message_is_delivered(server: Callable[[bytes], Scenario], message: bytes) -> None:
    [(members, push)] = server(message).delivered

    assert [eio_sid for _, eio_sid in members] == ["eio"]
    assert push.packet == b'42["number",1]'


@settings(max_examples=200)
@given(message=content.map(sign))
def test_push_after_any_signed_message_is_delivered(message: bytes) -> None:
    assert len(with_key(message).delivered) == 1
