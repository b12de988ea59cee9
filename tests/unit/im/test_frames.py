"""Frames are read as RFC 6455 has them, in whatever pieces they come, and nothing else is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im import frames
from im.frames import BrokenFrame, Parser

LIMIT = 70_000


def masked(opcode: int, payload: bytes, *, is_final: bool = True, mask: bytes = b"\x01\x80\xff\x7e") -> bytes:
    """Make a frame as a client does, byte by byte."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 * is_final | opcode, 0x80 | size))
    elif size < 65536:
        head = bytes((0x80 * is_final | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 * is_final | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def fed(*pieces: bytes, limit: int = LIMIT) -> list[Any]:
    """Return what a parser makes of the pieces: messages, then the code of the error if there is one."""
    parser = Parser(limit)
    out: list[Any] = []
    try:
        for piece in pieces:
            out += filter(None, parser.feed(piece))
    except BrokenFrame as error:
        out.append(error.code)
    return out


masks = st.binary(min_size=4, max_size=4)
texts = st.tuples(st.just(frames.TEXT), st.text(max_size=300))
binaries = st.tuples(st.just(frames.BINARY), st.binary(max_size=300))
long_ones = st.tuples(st.just(frames.BINARY), st.sampled_from([125, 126, 127, 65535, 65536, 65537]).map(bytes))
controls = st.tuples(st.sampled_from([frames.PING, frames.PONG, frames.CLOSE]), st.binary(max_size=125))


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Any], list[bytes]]:
    """Messages, some in fragments with control frames between, as one stream cut anywhere."""
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
    def test_messages_come_out_as_they_went_in_however_the_stream_is_cut(
        self, case: tuple[list[Any], list[bytes]]
    ) -> None:
        messages, pieces = case
        assert fed(*pieces) == messages

    def test_byte_by_byte(self) -> None:
        stream = masked(frames.TEXT, b"a" * 200) + masked(frames.PING, b"") + masked(frames.BINARY, b"\0")
        pieces = [stream[i : i + 1] for i in range(len(stream))]
        assert fed(*pieces) == [(frames.TEXT, "a" * 200), (frames.PING, b""), (frames.BINARY, b"\0")]

    @given(st.binary(max_size=200), st.integers(0, 200))
    def test_noise_is_refused_or_waited_for_and_never_an_error_of_ours(self, noise: bytes, cut: int) -> None:
        fed(noise[:cut], noise[cut:])

    @given(st.binary(max_size=60), st.integers(0, 200))
    def test_where_a_stream_is_cut_makes_no_difference_even_to_noise(self, noise: bytes, cut: int) -> None:
        assert fed(noise) == fed(noise[:cut], noise[cut:])


class TestRefused:
    @pytest.mark.parametrize(
        "frame",
        [
            b"\x81\x02hi",  # not masked
            b"\xc1\x80\0\0\0\0",  # a reserved bit, as a compressed message would have
            b"\xa1\x80\0\0\0\0",
            b"\x91\x80\0\0\0\0",
            b"\x83\x80\0\0\0\0",  # unknown kinds
            b"\x87\x80\0\0\0\0",
            b"\x8b\x80\0\0\0\0",
            b"\x8f\x80\0\0\0\0",
            b"\x80\x80\0\0\0\0",  # a continuation of nothing
            b"\x09\x80\0\0\0\0",  # a control frame in fragments
            b"\x89\xfe\0\x7e\0\0\0\0",  # a control frame that is long
            b"\x82\xfe\0\x7d\0\0\0\0",  # sizes that would have a shorter form
            b"\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0",
            b"\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0",
        ],
    )
    def test_what_breaks_the_protocol(self, frame: bytes) -> None:
        assert fed(frame) == [frames.PROTOCOL_ERROR]

    def test_a_new_message_within_another(self) -> None:
        begun = masked(frames.TEXT, b"a", is_final=False)
        assert fed(begun, masked(frames.TEXT, b"b")) == [frames.PROTOCOL_ERROR]

    def test_a_text_that_is_not_utf8_also_where_only_the_whole_is_wrong(self) -> None:
        assert fed(masked(frames.TEXT, b"\xff")) == [frames.NOT_UTF8]
        assert fed(masked(frames.TEXT, b"\xc3", is_final=False), masked(frames.CONTINUATION, b"a")) == [frames.NOT_UTF8]

    def test_a_character_may_be_cut_in_two(self) -> None:
        cut = masked(frames.TEXT, b"\xc3", is_final=False), masked(frames.CONTINUATION, b"\xa4")
        assert fed(*cut) == [(frames.TEXT, "\xe4")]

    def test_what_came_before_is_heard(self) -> None:
        assert fed(masked(frames.TEXT, b"a") + b"\xff\xff") == [(frames.TEXT, "a"), frames.PROTOCOL_ERROR]

    def test_a_size_over_the_limit_is_refused_before_its_payload_has_come(self) -> None:
        assert fed(masked(frames.BINARY, bytes(130))[:4], limit=100) == [frames.TOO_BIG]
        assert fed(masked(frames.BINARY, bytes(100)), limit=100) == [(frames.BINARY, bytes(100))]

    def test_fragments_count_together(self) -> None:
        pieces = [masked(frames.BINARY, bytes(60), is_final=False), masked(frames.CONTINUATION, bytes(41))]
        assert fed(*pieces, limit=100) == [frames.TOO_BIG]


class TestCloseCode:
    @pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999])
    def test_a_code_with_a_reason(self, code: int) -> None:
        assert frames.close_code(code.to_bytes(2, "big") + b"why") == code

    def test_none_is_given(self) -> None:
        assert frames.close_code(b"") is None

    @pytest.mark.parametrize(
        "payload", [b"\x03", *(code.to_bytes(2, "big") for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000))]
    )
    def test_what_nobody_may_send(self, payload: bytes) -> None:
        with pytest.raises(BrokenFrame) as error:
            frames.close_code(payload)
        assert error.value.code == frames.PROTOCOL_ERROR

    def test_a_reason_that_is_not_utf8(self) -> None:
        with pytest.raises(BrokenFrame) as error:
            frames.close_code(b"\x03\xe8\xff")
        assert error.value.code == frames.NOT_UTF8


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 70_000])
def test_what_a_server_writes_a_client_reads(size: int) -> None:
    payload = bytes(i % 251 for i in range(size))
    frame = frames.encode(frames.BINARY, payload)
    head = len(frame) - size

    # A server's frames are a client's without the mask.
    as_client = bytes((frame[0], frame[1] | 0x80)) + frame[2:head] + bytes(4) + frame[head:]

    assert fed(as_client) == [(frames.BINARY, payload)]
