"""Engine.IO over a websocket."""

import json

import pytest

from tests.im import Im
from tests.wire import TEXT, Polling, Websocket, frame, query, request

EVENT = '42["message",{"msg":"%s"}]'
REPLY = '42["message",{"msg":"I have received your msg: %s"'


class TestPackets:
    def test_packets_go_both_ways(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()

            session.send(*(EVENT % number for number in range(100)))

            replies = [session.receive() for _ in range(100)]
            assert [reply.startswith(REPLY % number) for number, reply in enumerate(replies)] == [True] * 100

    def test_non_ascii_text_is_echoed_unchanged(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.send(EVENT % "新闻 🎉")
            assert json.loads(session.receive()[2:])[1]["msg"].endswith("新闻 🎉")

    @pytest.mark.parametrize("length", [0, 1, 60, 125, 126, 127, 1000, 4096])
    def test_message_of_any_length_is_echoed(self, im: Im, length: int) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.send(EVENT % ("x" * length))
            assert session.receive().startswith(REPLY % ("x" * length))

    @pytest.mark.parametrize("length", [4097, 65_000])
    def test_text_above_the_limit_is_acknowledged_as_an_error(self, im: Im, length: int) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.send('427["message",{"msg":"%s"}]' % ("x" * length))
            assert session.receive().startswith('437[{"error":')
            assert session.is_alive()

    @pytest.mark.parametrize("text", ["half a pair: \\ud83c", "\\udfff"])
    def test_lone_surrogate_is_acknowledged_as_an_error(self, im: Im, text: str) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.send(f'427["message",{{"msg":"{text}"}}]', f'428["{text}"]')
            answers = sorted(session.receive() for _ in range(2))
            assert [answer[:12] for answer in answers] == ['437[{"error"', '438[{"error"']
            assert session.is_alive()

    @pytest.mark.parametrize(
        "packet",
        ["abc", "", "9", "2", "0{}", "b!!!", "4[" + "[" * 30_000, b"\x00\x01", b"4"],
        ids=["abc", "empty", "9", "ping", "open", "base64", "deep", "binary", "binary text"],
    )
    def test_invalid_packet_closes_the_session(self, im: Im, packet: str | bytes) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.send(packet)
            session.closing_code()

            assert request(im.port, query(sid=session.sid), method="POST", body="40")[0] == 400

    def test_websocket_session_refuses_http_requests(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()

            assert request(im.port, query(sid=session.sid))[0] == 400
            assert request(im.port, query(sid=session.sid), method="POST", body="41")[0] == 400

            assert session.is_alive()


class TestClose:
    def test_close_packet_of_the_client_closes_the_session(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            # In one write, because a write after the close may fail.
            session.write(b"".join(frame(TEXT, packet.encode()) for packet in ("1", "40", EVENT % "late")))
            session.closing_code()

    def test_session_ends_with_its_websocket(self, im: Im) -> None:
        with Websocket(im.port) as session:
            sid = session.sid
        assert request(im.port, query(sid=sid))[0] == 400

    def test_close_does_not_affect_other_sessions(self, im: Im) -> None:
        with Websocket(im.port) as other:
            other.join()
            for _ in range(5):
                with Websocket(im.port) as session:
                    session.join()
                    session.send("abc")
            Polling(im.port).post("abc")

            assert other.is_alive()
