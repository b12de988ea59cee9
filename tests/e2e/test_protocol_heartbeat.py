"""Engine.IO: the server pings, and closes a client that does not answer."""

from contextlib import suppress

import pytest
from websocket import WebSocketConnectionClosedException

from tests.im import Im
from tests.services import wait_until
from tests.wire import TEXT, Polling, Websocket, frame

EVENT = '42["message",{"msg":"I am here"}]'


class TestHeartbeat:
    def test_handshake_gives_the_interval_in_milliseconds(self, impatient_im: Im) -> None:
        session = Polling(impatient_im.port)
        assert (session.handshake["pingInterval"], session.handshake["pingTimeout"]) == (300, 800)

    def test_websocket_that_answers_pings_stays_open(self, impatient_im: Im) -> None:
        with Websocket(impatient_im.port) as session:
            for _ in range(4):
                assert session.receive() == "2"
                session.send("3")
            session.join()

    def test_polling_session_that_answers_pings_stays_open(self, impatient_im: Im) -> None:
        session = Polling(impatient_im.port)
        for _ in range(4):
            assert session.receive() == "2"
            assert session.post("3") == (200, "ok")

    def test_websocket_that_does_not_answer_is_closed(self, impatient_im: Im) -> None:
        with Websocket(impatient_im.port) as session:
            session.join()
            with suppress(WebSocketConnectionClosedException, ConnectionError):
                assert session.receive() == "2"
                session.closing_code()

    def test_events_do_not_answer_a_ping(self, impatient_im: Im) -> None:
        with Websocket(impatient_im.port) as session:
            session.join()
            with pytest.raises((WebSocketConnectionClosedException, ConnectionError)):
                talk_for_ever(session)

    @pytest.mark.parametrize(
        "begun", [frame(TEXT, b"42", is_last=False), frame(TEXT, b"42[1]")[:-2]], ids=["a fragment", "part of a frame"]
    )
    def test_unfinished_message_does_not_answer_a_ping(self, impatient_im: Im, begun: bytes) -> None:
        with Websocket(impatient_im.port) as session:
            session.join()
            session.write(begun)
            with suppress(WebSocketConnectionClosedException, ConnectionError):
                session.closing_code()

    def test_polling_session_that_does_not_answer_is_closed(self, impatient_im: Im) -> None:
        session = Polling(impatient_im.port)
        assert session.receive() == "2"
        wait_until(lambda: session.post("")[0] == 400, seconds=10, what="the session is closed")

    def test_client_that_never_polls_is_closed(self, impatient_im: Im) -> None:
        session = Polling(impatient_im.port)
        wait_until(lambda: session.post("")[0] == 400, seconds=10, what="the session is closed")

    def test_heartbeat_continues_after_an_upgrade(self, impatient_im: Im) -> None:
        polling = Polling(impatient_im.port)
        with Websocket(impatient_im.port, sid=polling.sid) as session:
            session.upgrade()
            for _ in range(4):
                assert session.receive_past_noop() == "2"
                session.send("3")

    def test_incomplete_upgrade_ends_with_the_session(self, impatient_im: Im) -> None:
        polling = Polling(impatient_im.port)
        with Websocket(impatient_im.port, sid=polling.sid) as session:
            session.send("2probe")
            assert session.receive() == "3probe"
            session.closing_code()
        wait_until(lambda: polling.post("")[0] == 400, seconds=10, what="the session is closed")
        assert impatient_im.is_well()


def talk_for_ever(session: Websocket) -> None:
    while True:
        session.send(EVENT)
        session.receive()
