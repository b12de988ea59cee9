"""Anything that is published on the queue is read correctly, or raises BadMessage."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import wire
from im.subscription.messages import BadMessage, read_message, read_push

PACKET = wire.encode_packet("following notify", {"user_name": "Ännchen", "id": 1})
offsets = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)).map("{0[0]}-{0[1]}".format)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


class TestPush:
    @given(
        st.text(min_size=1, max_size=10).filter(lambda room: "\0" not in room),
        st.just("") | offsets,
        st.just("?") | offsets,
    )
    def test_encoded_push_is_decoded(self, room: str, offset: str, previous: str) -> None:
        push = wire.encode_push(room, PACKET, previous=previous, offset=offset)

        assert read_push(push) == (room, previous.encode(), offset.encode(), PACKET)

    @pytest.mark.parametrize("push", [b"", b"P", b"Pabc", b"7\0\0\0" + PACKET, b"P\xff\0\0\0" + PACKET])
    def test_push_without_a_room_is_bad(self, push: bytes) -> None:
        with pytest.raises(BadMessage, match="push"):
            read_push(push)

    @pytest.mark.parametrize(
        "rest",
        [
            b"",
            b"\0",
            b"\0\0",
            b"\0\0hello",
            b"\0\x0042",
            b"\0\x0042{}",
            b'\0\x0042["a',
            b"\0\x00" + b'42["\xff"]',
            b"1-0\x00x\0" + PACKET,
            b"x\x001-0\0" + PACKET,
            b"1\x001-0\0" + PACKET,
            b"1-0\x00?\0" + PACKET,
            b"1-0\x00-1-0\0" + PACKET,
            b"1-0\x00" + b"9" * 5000 + b"-0\0" + PACKET,
            b"1-0\x001-0\0\0" + PACKET,
            "1-0\x00\u0661-0\0".encode() + PACKET,
        ],
    )
    def test_push_that_no_client_can_read_is_bad(self, rest: bytes) -> None:
        with pytest.raises(BadMessage, match="push"):
            read_push(b"P7\0" + rest)

    def test_push_to_all_clients_must_be_json(self) -> None:
        with pytest.raises(BadMessage, match="push"):
            read_push(b"P\0\0\x0042[junk]")

    @settings(max_examples=300)
    @given(st.binary(max_size=60) | st.lists(st.sampled_from([b"P7", b"P", b"\0", b"1-0", b"?", PACKET])).map(b"".join))
    def test_random_push_is_read_or_bad(self, noise: bytes) -> None:
        try:
            _room, _previous, offset, packet = read_push(noise)
        except BadMessage:
            return
        assert packet.decode().startswith("42[")
        assert all(part.isdigit() for part in offset.split(b"-") if offset)


class TestMessage:
    def test_message_of_a_manager_is_read(self) -> None:
        data = ["x", "\ud83d", 2**70 + 1, -(2**63) - 1, 1.5]
        emit = {"method": "emit", "event": "anything", "data": data, "namespace": "/", "room": "7"}
        assert read_message(json.dumps(emit).encode()) == emit

    @pytest.mark.parametrize(
        "message",
        [
            b"",
            b" ",
            b"x",
            b"{",
            b"\xff",
            b"[" * 100_000,
            b"NaN",
            b'{"method":"emit","event":"a","data":-Infinity}',
            b'{"method":"emit","event":"a","data":1e999}',
        ],
    )
    def test_message_that_is_not_json_is_bad(self, message: bytes) -> None:
        with pytest.raises(BadMessage, match="json"):
            read_message(message)

    @pytest.mark.parametrize(
        "message",
        [
            b"5",
            b"null",
            b'"method"',
            b"[]",
            b'["method"]',
            b"{}",
            b'{"method":5}',
            b'{"method":["emit"]}',
            b'{"method":"unheard of"}',
            b'{"method":"emit"}',
            b'{"method":"emit","event":5,"data":1}',
            b'{"method":"emit","event":"disconnect","data":1}',
        ],
    )
    def test_message_that_no_manager_publishes_is_bad(self, message: bytes) -> None:
        with pytest.raises(BadMessage, match="shape"):
            read_message(message)

    @settings(max_examples=300)
    @given(st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
    def test_random_message_is_read_or_bad(self, noise: bytes) -> None:
        try:
            content = read_message(noise)
        except BadMessage:
            return
        assert isinstance(content["method"], str)
