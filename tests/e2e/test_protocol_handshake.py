"""Engine.IO: how a session opens, and how a bad request is refused."""

import re
import socket

import pytest

from tests.im import Im
from tests.wire import Polling, Websocket, query, request, talk

WEBSOCKET = {"Connection": "Upgrade", "Upgrade": "websocket"}
KEY = {"Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA=="}


class TestHandshake:
    def test_polling_offers_the_upgrade(self, im: Im) -> None:
        session = Polling(im.port)

        sid = session.handshake.pop("sid")
        assert isinstance(sid, str)
        assert len(sid) >= 16
        assert session.handshake == {
            "upgrades": ["websocket"],
            "pingInterval": 25000,
            "pingTimeout": 20000,
            "maxPayload": 65536,
        }

    def test_websocket_offers_no_upgrade(self, im: Im) -> None:
        with Websocket(im.port) as session:
            assert session.handshake.pop("sid")
            assert session.handshake == {
                "upgrades": [],
                "pingInterval": 25000,
                "pingTimeout": 20000,
                "maxPayload": 65536,
            }

    def test_each_session_has_a_unique_id(self, im: Im) -> None:
        assert len({Polling(im.port).sid for _ in range(20)}) == 20

    @pytest.mark.parametrize(
        "bad",
        [
            "transport=polling",
            "EIO=&transport=polling",
            "EIO=3&transport=polling",
            "EIO=5&transport=polling",
            "EIO=abc&transport=polling",
            "EIO=4",
            "EIO=4&transport=",
            "EIO=4&transport=abc",
            "EIO=4&transport=websocket",
            "",
            "%ff%fe&&&==&EIO=4",
            query(sid="unknown"),
            query("websocket", sid="unknown"),
        ],
    )
    def test_bad_query_is_refused(self, im: Im, bad: str) -> None:
        assert request(im.port, bad)[0] == 400

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
    def test_session_opens_only_with_get(self, im: Im, method: str) -> None:
        assert request(im.port, query(), method=method)[0] == 400

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    def test_wrong_method_does_not_change_the_session(self, im: Im, method: str) -> None:
        session = Polling(im.port)

        assert request(im.port, query(sid=session.sid), method=method)[0] == 400

        session.join()

    @pytest.mark.parametrize("origin", ["http://evil.example", "null"])
    def test_cross_site_call_is_refused(self, im: Im, origin: str) -> None:
        session = Polling(im.port)
        upgrade = {"Sec_WebSocket_Version": "13", **WEBSOCKET, **KEY}

        assert request(im.port, query(), Origin=origin)[0] == 400
        assert request(im.port, query(sid=session.sid), Origin=origin)[0] == 400
        assert request(im.port, query(sid=session.sid), method="POST", body="40", Origin=origin)[0] == 400
        assert request(im.port, query("websocket"), Origin=origin, **upgrade)[0] == 400

    def test_own_origin_is_accepted(self, im: Im) -> None:
        assert request(im.port, query(), Origin=f"http://127.0.0.1:{im.port}")[0] == 200

    @pytest.mark.parametrize(
        "bad",
        [
            "transport=websocket",
            "EIO=abc&transport=websocket",
            "EIO=4",
            "EIO=4&transport=abc",
            query("websocket", sid="unknown"),
        ],
    )
    def test_websocket_with_a_bad_query_is_refused(self, im: Im, bad: str) -> None:
        status, _ = request(im.port, bad, Sec_WebSocket_Version="13", **WEBSOCKET, **KEY)
        assert status == 400

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Upgrade": "websocket"},
            WEBSOCKET,
            {**WEBSOCKET, **KEY},
            {**WEBSOCKET, "Sec_WebSocket_Version": "13"},
            {**WEBSOCKET, **KEY, "Sec_WebSocket_Version": "12"},
            {**WEBSOCKET, "Sec_WebSocket_Key1": "1 2", "Sec_WebSocket_Key2": "3 4"},
        ],
    )
    def test_incomplete_websocket_handshake_is_refused(self, im: Im, headers: dict[str, str]) -> None:
        assert request(im.port, query("websocket"), **headers)[0] in (400, 426)


class TestGarbage:
    @pytest.mark.parametrize(
        "garbage",
        [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),  # a TLS client
            b"\x00" * 1000,
            b"GET\r\n\r\n",
            b"hello\r\n\r\n",
            b"GET /socket.io/?EIO=4&transport=polling HTTP/9.9\r\n\r\n",
            b"GET " + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
            b"POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nContent-Length: many\r\n\r\n",
            b"POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        ],
        ids=["tls", "zeros", "no path", "a word", "version", "long path", "long header", "length", "negative length"],
    )
    def test_text_that_is_no_http_is_refused_and_changes_nothing(self, im: Im, garbage: bytes) -> None:
        answer = talk(im.port, garbage)
        # A request without a version counts as HTTP/0.9, and is answered without a status line.
        assert answer == b"" or re.search(rb"(HTTP/1\.\d |Error code: )[45]\d\d", answer), answer[:200]

    def test_silent_client_does_not_block_others(self, im: Im) -> None:
        assert talk(im.port, b"") == b""
        Polling(im.port).join()


@pytest.mark.parametrize(
    "line", ["GET /socket.io/?EIO=4&token={} HTT", "GET /socket.io/?EIO=4&token={} HTTP/1.1\r\nbad"]
)
def test_invalid_request_leaves_no_token_in_the_log(im: Im, line: str) -> None:
    with socket.create_connection(("127.0.0.1", im.port), timeout=5) as client:
        client.sendall(line.format("secret-token").encode() + b"\r\n\r\n")
        assert b"400" in client.recv(1000).split(b"\r\n")[0]

    assert "secret-token" not in im.process.log.read_text(errors="replace")
