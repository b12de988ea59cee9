"""What the libraries encode is UTF-8, and nothing that another process may emit is an error."""

import json
from typing import Any

import pytest
from engineio import json as engineio_json
from engineio import packet as eio_packet
from socketio.packet import EVENT, Packet

from im import encoding


@pytest.fixture(autouse=True)
def json_of_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Packet, "json", encoding)
    monkeypatch.setattr(eio_packet.Packet, "json", encoding)


def test_a_letter_costs_its_bytes_and_no_escape() -> None:
    assert Packet(EVENT, data=["e", "\u65b0\U0001f389"]).encode() == '2["e","\u65b0\U0001f389"]'
    assert eio_packet.Packet(eio_packet.OPEN, {"a": "\u00e4"}).encode() == '0{"a":"\u00e4"}'


@pytest.mark.parametrize("value", ["\ud800", 2**64, -(2**80), {"a": ["\udfff", 10**90]}, {5: "a number as a name"}])
def test_what_is_beyond_utf_8_and_64_bits_is_escaped_and_arrives(value: Any) -> None:
    packet = Packet(EVENT, data=["e", value]).encode()

    assert packet.encode().isascii()
    assert json.loads(packet[1:]) == ["e", json.loads(json.dumps(value))]


def test_what_is_no_number_is_null() -> None:
    assert encoding.dumps([float("nan"), float("inf")], separators=(",", ":")) == "[null,null]"


def test_what_a_client_sends_is_read_as_the_library_reads_it() -> None:
    for text in ('["\\ud800", 18446744073709551616]', ' {"a": [1.5, -0, true, null]} ', '"\u00e4"', "1" * 100):
        assert encoding.loads(text) == encoding.loads(text.encode()) == engineio_json.loads(text)
    with pytest.raises(ValueError, match="too many"):
        encoding.loads("1" * 101)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "1e999", "[-1e400]"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a number of JSON"):
        encoding.loads(text)
