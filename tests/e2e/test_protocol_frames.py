"""Websocket frames (RFC 6455), valid and invalid."""

import pytest

from tests.im import Im
from tests.wire import BINARY, CLOSE, CONTINUED, PING, PONG, TEXT, Websocket, frame

EVENT = b'42["message",{"msg":"in pieces"}]'
REPLY = '42["message",{"msg":"I have received your msg: in pieces"'

PROTOCOL_ERROR = 1002
NOT_UTF8 = (1007, 1011)  # The stock class says 1011, "internal error".
TOO_BIG = 1009


class TestValidFrames:
    def test_frame_may_arrive_byte_by_byte(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            for byte in frame(TEXT, EVENT):
                session.write(bytes([byte]))
            assert session.receive().startswith(REPLY)

    def test_many_frames_may_arrive_in_one_piece(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.write(frame(TEXT, EVENT) * 50)
            for _ in range(50):
                assert session.receive().startswith(REPLY)

    def test_message_may_arrive_in_fragments(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.write(frame(TEXT, EVENT[:5], is_last=False))
            session.write(frame(CONTINUED, EVENT[5:9], is_last=False) + frame(CONTINUED, b"", is_last=False))
            session.write(frame(CONTINUED, EVENT[9:]))
            assert session.receive().startswith(REPLY)

    def test_character_may_be_split_between_two_fragments(self, im: Im) -> None:
        said = '42["message",{"msg":"é"}]'.encode()
        cut = said.index(b"\xc3") + 1
        with Websocket(im.port) as session:
            session.join()
            session.write(frame(TEXT, said[:cut], is_last=False) + frame(CONTINUED, said[cut:]))
            assert "msg: é" in session.receive()

    def test_control_frames_may_arrive_between_fragments(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.write(frame(TEXT, EVENT[:5], is_last=False) + frame(PING, b"are you there?") + frame(PONG, b""))
            assert session.ws.recv_data(control_frame=True) == (PONG, b"are you there?")

            session.write(frame(CONTINUED, EVENT[5:]))

            assert session.receive().startswith(REPLY)

    @pytest.mark.parametrize("payload", [b"", b"x" * 125], ids=["empty", "longest"])
    def test_ping_is_answered_with_its_payload(self, im: Im, payload: bytes) -> None:
        with Websocket(im.port) as session:
            session.write(frame(PING, payload))
            assert session.ws.recv_data(control_frame=True) == (PONG, payload)

    def test_unrequested_pong_is_ignored(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.write(frame(PONG, b"?"))
            assert session.is_alive()

    @pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
    def test_close_is_answered_with_its_code(self, im: Im, code: int) -> None:
        with Websocket(im.port) as session:
            session.write(frame(CLOSE, code.to_bytes(2, "big") + b"bye"))
            assert session.closing_code() == code

    def test_close_without_a_code_is_answered(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.write(frame(CLOSE))
            assert session.closing_code() in (None, 1000)


class TestInvalidFrames:
    @pytest.mark.parametrize(
        "content",
        [
            frame(TEXT, EVENT, is_masked=False),
            frame(TEXT, EVENT, rsv=4),  # The stock class ignores the other two reserved bits.
            *(frame(opcode, EVENT) for opcode in (0x3, 0x7, 0xB, 0xF)),
            frame(PING, b"x" * 126),
            frame(PING, b"x", is_last=False),
            frame(CLOSE, b"x" * 126),
            frame(CONTINUED, EVENT),
            frame(TEXT, EVENT, is_last=False) + frame(TEXT, EVENT),
            frame(TEXT, EVENT, is_last=False) + frame(BINARY, EVENT),
            frame(CLOSE, b"\x03"),
            *(frame(CLOSE, code.to_bytes(2, "big")) for code in (0, 999, 1004, 1005, 1006, 1015, 5000)),
        ],
        ids=[
            "unmasked",
            "reserved bit",
            *("opcode 3", "opcode 7", "opcode 11", "opcode 15"),
            *("long ping", "ping in fragments", "long close"),
            *("nothing to continue", "text in a text", "binary in a text"),
            "half a close code",
            *("code 0", "code 999", "code 1004", "code 1005", "code 1006", "code 1015", "code 5000"),
        ],
    )
    def test_invalid_frame_ends_the_connection(self, im: Im, content: bytes) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.write(content)
            assert session.closing_code() == PROTOCOL_ERROR

    @pytest.mark.parametrize(
        "content",
        [
            frame(TEXT, b'42["message",{"msg":"\xff"}]'),
            frame(TEXT, b'42["message",{"msg":"\xc3'),
            frame(TEXT, b"4\xed\xa0\x80"),
            frame(TEXT, b"4\xc3", is_last=False) + frame(CONTINUED, b"\x28"),
        ],
        ids=["a byte", "half a character", "a surrogate", "two fragments"],
    )
    def test_text_that_is_not_utf8_ends_the_connection(self, im: Im, content: bytes) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.write(content)
            assert session.closing_code() in NOT_UTF8

    @pytest.mark.parametrize("length", [65_537, 2**20, 2**40, 2**63 - 1])
    def test_frame_above_the_limit_is_refused_before_it_arrives(self, im: Im, length: int) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.write(b"\x81\xff" + length.to_bytes(8, "big") + b"mask" + b"x" * 100)
            assert session.closing_code() == TOO_BIG

    def test_fragments_above_the_limit_end_the_connection(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.write(frame(TEXT, b"4" + b"x" * 40_000, is_last=False) + frame(CONTINUED, b"x" * 40_000))
            # The stock class closes without saying why.
            assert session.closing_code() in (None, TOO_BIG)

    def test_connection_that_ends_within_a_frame_is_closed(self, im: Im) -> None:
        for cut in (1, 2, 5, 20):
            with Websocket(im.port) as session:
                session.join()
                session.write(frame(TEXT, EVENT)[:cut])
