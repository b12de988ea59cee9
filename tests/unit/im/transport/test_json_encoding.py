"""The libraries encode UTF-8, and every value that another process can emit is encoded."""

import json
from typing import Any

import pytest
from engineio import json as engineio_json
from engineio import packet as eio_packet
from socketio.packet import EVENT, Packet

from im.transport import json_encoding


@pytest.fixture(autouse=True)
def json_of_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Packet, "json", json_encoding)
    monkeypatch.setattr(eio_packet.Packet, "json", json_encoding)


def test_characters_beyond_ascii_are_encoded_as_utf8_without_escapes() -> None:
    assert Packet(EVENT, data=["e", "\u65b0\U0001f389"]).encode() == '2["e","\u65b0\U0001f389"]'
    assert eio_packet.Packet(eio_packet.OPEN, {"a": "\u00e4"}).encode() == '0{"a":"\u00e4"}'


@pytest.mark.parametrize("value", ["\ud800", 2**64, -(2**80), {"a": ["\udfff", 10**90]}, {5: "a number as a name"}])
def test_surrogates_and_large_integers_are_encoded_with_escapes(value: Any) -> None:
    packet = Packet(EVENT, data=["e", value]).encode()

    assert packet.encode().isascii()
    assert json.loads(packet[1:]) == ["e", json.loads(json.dumps(value))]


def test_nan_and_infinity_are_encoded_as_null() -> None:
    assert json_encoding.dumps([float("nan"), float("inf")], separators=(",", ":")) == "[null,null]"


def test_json_is_decoded_like_the_library_does_and_huge_integers_are_refused() -> None:
    for text in ('["\\ud800", 18446744073709551616]', ' {"a": [1.5, -0, true, null]} ', '"\u00e4"', "1" * 100):
        assert json_encoding.loads(text) == json_encoding.loads(text.encode()) == engineio_json.loads(text)
    with pytest.raises(ValueError, match="too many"):
        json_encoding.loads("1" * 101)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "1e999", "[-1e400]"])
def test_nan_and_infinity_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a number of JSON"):
        json_encoding.loads(text)
