"""The layout of a push on the message queue."""

import json

import pytest

from core import wire


def test_packet_is_an_event_packet_of_socketio() -> None:
    assert wire.encode_packet("unread", {"count": 2}) == b'42["unread",{"count":2}]'


@pytest.mark.parametrize("text", ["\n", "\0", "P", '"', "ä", "\u2028", "😀"])
def test_no_text_breaks_a_packet_or_its_message(text: str) -> None:
    packet = wire.encode_packet("following notify", {"user_name": text})

    assert wire.SEPARATOR not in packet
    assert b"\0" not in packet
    assert json.loads(packet[2:]) == ["following notify", {"user_name": text}]


def test_push_contains_its_room_and_both_offsets() -> None:
    push = wire.encode_push("7", b'42["a",1]', previous="1-0", offset="2-0")

    assert push.startswith(wire.PUSH_MARK)
    assert push[1:].split(b"\0", 3) == [b"7", b"1-0", b"2-0", b'42["a",1]']


def test_decoded_push_equals_the_encoded_one() -> None:
    push = wire.encode_push("7", b'42["a",1]', previous="1-0", offset="2-0")

    assert wire.decode_push(push) == ("7", b"1-0", b"2-0", b'42["a",1]')


@pytest.mark.parametrize("offsets", [{"offset": "2-0"}, {"previous": "1-0"}, {"previous": "1-0", "offset": "2-0"}])
def test_push_to_everybody_with_a_place_in_a_history_is_refused(offsets: dict[str, str]) -> None:
    push = wire.encode_push("", b'42["a",1]', **offsets)

    with pytest.raises(ValueError, match="history"):
        wire.decode_push(push)


SPACES = [(wire.Audience.ALL, b""), (wire.Audience.PLAIN, b" "), (wire.Audience.GROUPS, b"  ")]


@pytest.mark.parametrize(("audience", "spaces"), SPACES)
def test_audience_stands_in_spaces_after_the_bracket(audience: wire.Audience, spaces: bytes) -> None:
    packet = wire.encode_packet("unread", {"count": 2}, audience=audience)

    assert packet == b"42[" + spaces + b'"unread",{"count":2}]'
    assert wire.audience(packet) is audience
    assert json.loads(packet[2:]) == ["unread", {"count": 2}]


@pytest.mark.parametrize("audience", wire.Audience)
def test_packet_for_some_sockets_is_pushed_as_any_other(audience: wire.Audience) -> None:
    packet = wire.encode_packet("unread", {"count": 2}, audience=audience)

    assert wire.decode_push(wire.encode_push("7", packet, previous="1-0", offset="2-0"))[3] == packet


@pytest.mark.parametrize("packet", [b"", b"42", b"42[", b'42["  ",1]', b'42["a", "b"]'])
def test_packet_without_spaces_after_the_bracket_is_for_all(packet: bytes) -> None:
    assert wire.audience(packet) is wire.Audience.ALL
