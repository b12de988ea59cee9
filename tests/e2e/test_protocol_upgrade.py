"""Engine.IO: from polling to a websocket."""

import pytest
from websocket import WebSocketBadStatusException

from tests.im import Im
from tests.wire import NOOP, Polling, Websocket

EVENT = '42["message",{"msg":"%s"}]'
REPLY = '42["message",{"msg":"I have received your msg: %s"'


def upgraded(im: Im) -> tuple[Polling, Websocket]:
    polling = Polling(im.port)
    polling.join()
    websocket = Websocket(im.port, sid=polling.sid)
    websocket.upgrade()
    return polling, websocket


class TestUpgrade:
    def test_session_moves_to_the_websocket(self, im: Im) -> None:
        _, websocket = upgraded(im)
        with websocket:
            websocket.send(EVENT % "moved")
            assert websocket.receive_past_noop().startswith(REPLY % "moved")

    def test_client_may_connect_after_the_upgrade(self, im: Im) -> None:
        polling = Polling(im.port)
        with Websocket(im.port, sid=polling.sid) as websocket:
            websocket.upgrade()
            websocket.send("40")
            assert websocket.receive_past_noop().startswith("40{")

    def test_waiting_poll_is_released_by_the_upgrade(self, im: Im) -> None:
        polling = Polling(im.port)
        polling.join()
        waiting = polling.begin_get()
        with Websocket(im.port, sid=polling.sid) as websocket:
            websocket.send("2probe")
            assert websocket.receive() == "3probe"
            assert waiting.answer() == (200, NOOP)

            websocket.send("5")

            assert websocket.is_alive()

    def test_poll_during_the_upgrade_is_released_at_once(self, im: Im) -> None:
        polling = Polling(im.port)
        polling.join()
        with Websocket(im.port, sid=polling.sid) as websocket:
            websocket.send("2probe")
            assert websocket.receive() == "3probe"
            assert polling.get() == (200, NOOP)
            websocket.send("5")

    def test_packets_sent_during_the_upgrade_are_not_lost(self, im: Im) -> None:
        polling = Polling(im.port)
        polling.join()
        polling.post(EVENT % "before")
        with Websocket(im.port, sid=polling.sid) as websocket:
            websocket.send("2probe")
            assert websocket.receive() == "3probe"
            polling.post(EVENT % "between")

            websocket.send("5", EVENT % "after")

            for said in ("before", "between", "after"):
                assert websocket.receive_past_noop().startswith(REPLY % said)

    def test_http_is_refused_after_the_upgrade(self, im: Im) -> None:
        polling, websocket = upgraded(im)
        with websocket:
            assert websocket.is_alive()

            assert polling.get()[0] == 400
            assert polling.post(EVENT % "late")[0] == 400

            assert websocket.is_alive()

    def test_second_websocket_is_refused_after_the_upgrade(self, im: Im) -> None:
        polling, websocket = upgraded(im)
        with websocket:
            assert websocket.is_alive()

            with pytest.raises(WebSocketBadStatusException) as refused:
                Websocket(im.port, sid=polling.sid)

            assert refused.value.status_code == 400
            assert websocket.is_alive()

    def test_second_websocket_is_refused_during_the_upgrade(self, im: Im) -> None:
        polling = Polling(im.port)
        polling.join()
        with Websocket(im.port, sid=polling.sid) as websocket:
            websocket.send("2probe")
            assert websocket.receive() == "3probe"

            with pytest.raises(WebSocketBadStatusException):
                Websocket(im.port, sid=polling.sid)

            websocket.send("5")
            assert websocket.is_alive()


class TestFailedUpgrade:
    @pytest.mark.parametrize("packets", [["4hello"], ["2"], ["abc"], [""], ["2probe", "abc"], ["2probe", "4x"], []])
    def test_session_continues_to_poll(self, im: Im, packets: list[str]) -> None:
        polling = Polling(im.port)
        polling.join()
        with Websocket(im.port, sid=polling.sid) as websocket:
            websocket.send(*packets)
            if packets:
                websocket.closing_code()

        polling.post(EVENT % "still here")

        assert past_noops(polling).startswith(REPLY % "still here")

    def test_another_upgrade_may_follow_a_failed_one(self, im: Im) -> None:
        polling = Polling(im.port)
        polling.join()
        with Websocket(im.port, sid=polling.sid) as websocket:
            websocket.send("abc")
            websocket.closing_code()

        with Websocket(im.port, sid=polling.sid) as websocket:
            websocket.upgrade()
            assert websocket.is_alive()


def past_noops(polling: Polling) -> str:
    while (packet := polling.receive()) == NOOP:
        pass
    return packet
