"""The parser reads frames as in RFC 6455, in pieces of any size, and refuses everything else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.transport import frames
from im.transport.frames import InvalidFrame, Parser

LIMIT = 70_000


def masked(opcode: int, payload: bytes, *, is_final: bool = True, mask: bytes = b"\x01\x80\xff\x7e") -> bytes:
    """Make a frame as a client does."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 * is_final | opcode, 0x80 | size))
    elif size < 65536:
        head = bytes((0x80 * is_final | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 * is_final | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def fed(*pieces: bytes, limit: int = LIMIT) -> list[Any]:
    """Parse the pieces; return the messages, and then the code of the error if there is one."""
    parser = Parser(limit)
    out: list[Any] = []
    try:
        for piece in pieces:
            out += filter(None, parser.feed(piece))
    except InvalidFrame as error:
        out.append(error.code)
    return out


masks = st.binary(min_size=4, max_size=4)
texts = st.tuples(st.just(frames.TEXT), st.text(max_size=300))
binaries = st.tuples(st.just(frames.BINARY), st.binary(max_size=300))
long_ones = st.tuples(st.just(frames.BINARY), st.sampled_from([125, 126, 127, 65535, 65536, 65537]).map(bytes))
controls = st.tuples(st.sampled_from([frames.PING, frames.PONG, frames.CLOSE]), st.binary(max_size=125))


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Any], list[bytes]]:
    """Make messages and their stream in pieces. Some messages are fragmented, with control frames between fragments."""
    messages, stream = [], b""
    for opcode, payload in draw(st.lists(st.one_of(texts, binaries, long_ones, controls), max_size=8)):
        raw = payload.encode() if isinstance(payload, str) else payload
        cuts = sorted(draw(st.lists(st.integers(0, len(raw)), max_size=3))) if opcode < frames.CLOSE else []
        for i, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(raw)], strict=True)):
            is_final = i == len(cuts)
            kind = opcode if i == 0 else frames.CONTINUATION
            stream += masked(kind, raw[start:end], is_final=is_final, mask=draw(masks))
            if not is_final and draw(st.booleans()):
                between = draw(controls)
                messages.append(between)
                stream += masked(*between)
        messages.append((opcode, payload))
    places = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    return messages, [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]


class TestFeed:
    @given(streams())
    def test_messages_are_parsed_from_a_stream_in_pieces_of_any_size(self, case: tuple[list[Any], list[bytes]]) -> None:
        messages, pieces = case
        assert fed(*pieces) == messages

    def test_messages_are_parsed_from_a_stream_that_arrives_byte_by_byte(self) -> None:
        stream = masked(frames.TEXT, b"a" * 200) + masked(frames.PING, b"") + masked(frames.BINARY, b"\0")
        pieces = [stream[i : i + 1] for i in range(len(stream))]
        assert fed(*pieces) == [(frames.TEXT, "a" * 200), (frames.PING, b""), (frames.BINARY, b"\0")]

    @given(st.binary(max_size=200), st.integers(0, 200))
    def test_random_bytes_raise_no_error_except_invalid_frame(self, noise: bytes, cut: int) -> None:
        fed(noise[:cut], noise[cut:])

    @given(st.binary(max_size=60), st.integers(0, 200))
    def test_random_bytes_have_the_same_result_whole_or_in_two_pieces(self, noise: bytes, cut: int) -> None:
        assert fed(noise) == fed(noise[:cut], noise[cut:])


class TestRefused:
    @pytest.mark.parametrize(
        "frame",
        [
            b"\x81\x02hi",  # not masked
            b"\xc1\x80\0\0\0\0",  # a reserved bit, as a compressed message would have
            b"\xa1\x80\0\0\0\0",
            b"\x91\x80\0\0\0\0",
            b"\x83\x80\0\0\0\0",  # unknown opcodes
            b"\x87\x80\0\0\0\0",
            b"\x8b\x80\0\0\0\0",
            b"\x8f\x80\0\0\0\0",
            b"\x80\x80\0\0\0\0",  # a continuation without a message
            b"\x09\x80\0\0\0\0",  # a fragmented control frame
            b"\x89\xfe\0\x7e\0\0\0\0",  # a control frame with a long payload
            b"\x82\xfe\0\x7d\0\0\0\0",  # lengths that are not in their shortest form
            b"\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0",
            b"\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0",
        ],
    )
    def test_frame_that_breaks_the_protocol_is_refused(self, frame: bytes) -> None:
        assert fed(frame) == [frames.PROTOCOL_ERROR]

    def test_new_message_inside_a_fragmented_message_is_refused(self) -> None:
        begun = masked(frames.TEXT, b"a", is_final=False)
        assert fed(begun, masked(frames.TEXT, b"b")) == [frames.PROTOCOL_ERROR]

    def test_text_that_is_not_utf8_is_refused_also_in_fragments(self) -> None:
        assert fed(masked(frames.TEXT, b"\xff")) == [frames.INVALID_PAYLOAD]
        assert fed(masked(frames.TEXT, b"\xc3", is_final=False), masked(frames.CONTINUATION, b"a")) == [
            frames.INVALID_PAYLOAD
        ]

    def test_character_that_is_split_over_two_fragments_is_accepted(self) -> None:
        cut = masked(frames.TEXT, b"\xc3", is_final=False), masked(frames.CONTINUATION, b"\xa4")
        assert fed(*cut) == [(frames.TEXT, "\xe4")]

    def test_message_before_an_invalid_frame_is_returned(self) -> None:
        assert fed(masked(frames.TEXT, b"a") + b"\xff\xff") == [(frames.TEXT, "a"), frames.PROTOCOL_ERROR]

    def test_frame_above_the_limit_is_refused_before_its_payload_arrives(self) -> None:
        assert fed(masked(frames.BINARY, bytes(130))[:4], limit=100) == [frames.MESSAGE_TOO_BIG]
        assert fed(masked(frames.BINARY, bytes(100)), limit=100) == [(frames.BINARY, bytes(100))]

    def test_message_above_the_limit_in_fragments_is_refused(self) -> None:
        pieces = [masked(frames.BINARY, bytes(60), is_final=False), masked(frames.CONTINUATION, bytes(41))]
        assert fed(*pieces, limit=100) == [frames.MESSAGE_TOO_BIG]


class TestCloseCode:
    @pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999])
    def test_close_code_with_a_reason_is_returned(self, code: int) -> None:
        assert frames.close_code(code.to_bytes(2, "big") + b"why") == code

    def test_close_code_of_an_empty_payload_is_none(self) -> None:
        assert frames.close_code(b"") is None

    @pytest.mark.parametrize(
        "payload", [b"\x03", *(code.to_bytes(2, "big") for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000))]
    )
    def test_close_code_that_must_not_be_sent_is_refused(self, payload: bytes) -> None:
        with pytest.raises(InvalidFrame) as error:
            frames.close_code(payload)
        assert error.value.code == frames.PROTOCOL_ERROR

    def test_close_reason_that_is_not_utf8_is_refused(self) -> None:
        with pytest.raises(InvalidFrame) as error:
            frames.close_code(b"\x03\xe8\xff")
        assert error.value.code == frames.INVALID_PAYLOAD


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 70_000])
def test_encoded_frame_can_be_parsed_after_masking(size: int) -> None:
    payload = bytes(i % 251 for i in range(size))
    frame = frames.encode(frames.BINARY, payload)
    head = len(frame) - size

    # A server's frames are a client's without the mask.
    as_client = bytes((frame[0], frame[1] | 0x80)) + frame[2:head] + bytes(4) + frame[head:]

    assert fed(as_client) == [(frames.BINARY, payload)]
