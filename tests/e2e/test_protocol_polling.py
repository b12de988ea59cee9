"""Engine.IO over HTTP long-polling."""

import json
import random

import pytest

from core import tokens
from tests.clients import Client
from tests.im import Im, fill_history
from tests.wire import NOOP, SEPARATOR, Polling, query, request

EVENT = '42["message",{"msg":"%s"}]'
REPLY = '42["message",{"msg":"I have received your msg: %s"'


class TestPackets:
    def test_packets_go_both_ways(self, im: Im) -> None:
        session = Polling(im.port)
        session.join()

        assert session.post(EVENT % "one") == (200, "ok")

        assert session.receive().startswith(REPLY % "one")

    def test_one_payload_holds_several_packets(self, im: Im) -> None:
        session = Polling(im.port)
        session.join()

        assert session.post(*(EVENT % number for number in range(40))) == (200, "ok")

        replies = [session.receive() for _ in range(40)]
        assert [reply.startswith(REPLY % number) for number, reply in enumerate(replies)] == [True] * 40

    def test_non_ascii_text_is_echoed_unchanged(self, im: Im) -> None:
        session = Polling(im.port)
        session.join()

        session.post(EVENT % "新闻 🎉")

        assert json.loads(session.receive()[2:])[1]["msg"].endswith("新闻 🎉")

    def test_poll_waits_until_there_is_a_packet(self, im: Im) -> None:
        session = Polling(im.port)
        session.join()
        waiting = session.begin_get()

        session.post(EVENT % "now")

        status, content = waiting.answer()
        assert status == 200
        assert content.startswith(REPLY % "now")

    def test_empty_payload_changes_nothing(self, im: Im) -> None:
        session = Polling(im.port)
        session.join()

        assert session.post("") == (200, "ok")

        session.post(EVENT % "on")
        assert session.receive().startswith(REPLY % "on")


class TestManyPackets:
    """The stock Python client ends a connection whose polling answer has more than 16 packets."""

    def test_poll_returns_at_most_16_packets_and_keeps_the_order(self, im: Im) -> None:
        session = Polling(im.port)
        session.join()
        session.post(*(EVENT % number for number in range(40)))

        answers = []
        while sum(map(len, answers)) < 40:
            status, content = session.get()
            assert status == 200
            answers.append(content.split(SEPARATOR))

        assert [len(answer) for answer in answers] == [16, 16, 8]
        replies = [reply for answer in answers for reply in answer]
        assert [reply.startswith(REPLY % number) for number, reply in enumerate(replies)] == [True] * 40

    def test_long_replay_comes_in_its_order_and_before_sync(self, im: Im) -> None:
        user_id = random.randrange(10**6, 10**9)
        fill_history(im, user_id, 100)
        session = Polling(im.port)
        auth = {"token": tokens.sign(im.secret, user_id=user_id), "last_offset": "0-0"}
        session.join(f"40{json.dumps(auth)}")

        events = [json.loads(session.receive()[2:]) for _ in range(101)]

        assert [(name, data.get("id")) for name, data in events] == [
            *(("following notify", number) for number in range(1, 101)),
            ("sync", None),
        ]

    def test_long_replay_reaches_the_stock_python_client(self, im: Im) -> None:
        user_id = random.randrange(10**6, 10**9)
        fill_history(im, user_id, 100)

        client = Client([im.url], tokens.sign(im.secret, user_id=user_id), transports=["polling"], last_offset="0-0")
        [sync] = client.wait_for("sync")
        client.wait_for("following notify", 100)

        assert sync["recovered"] is True
        assert sorted(client.ids()) == list(range(1, 101))  # this client handles each event in a thread of its own
        assert client.sio.connected
        client.close()


class TestMalformed:
    @pytest.mark.parametrize(
        "body",
        [
            "abc",
            "9",
            "4[" + "[" * 30_000,
            "2",
            "0{}",
            f"4{SEPARATOR}{SEPARATOR}4",
            b"\xff\xfe\xfd",
            b"4\x80",
            SEPARATOR * 5000,
        ],
        ids=["abc", "9", "deep", "ping", "open", "empty packet", "binary", "utf-8", "separators"],
    )
    def test_invalid_packet_closes_the_session(self, im: Im, body: str | bytes) -> None:
        session = Polling(im.port)

        status, _ = request(im.port, query(sid=session.sid), method="POST", body=body)

        assert status == 400
        assert session.get()[0] == 400
        assert session.is_closed()

    def test_body_above_the_limit_closes_the_session(self, im: Im) -> None:
        session = Polling(im.port)

        status, _ = request(im.port, query(sid=session.sid), method="POST", body=EVENT % ("x" * 70_000))

        assert status == 400
        assert session.is_closed()

    def test_body_at_the_limit_is_accepted(self, im: Im) -> None:
        session = Polling(im.port)
        session.join()
        text = "x" * (session.handshake["maxPayload"] - len(EVENT % "") - 1)

        assert session.post(f"427{EVENT[2:]}" % text) == (200, "ok")

        assert session.receive().startswith(
            '437[{"error":'
        )  # the text is too long for the chat, which is refused later
        assert not session.is_closed()

    def test_waiting_poll_returns_when_the_session_closes(self, im: Im) -> None:
        session = Polling(im.port)
        waiting = session.begin_get()

        assert session.post("abc")[0] == 400

        assert waiting.answer() == (200, NOOP)


class TestTwoPolls:
    def test_two_concurrent_polls_close_the_session(self, im: Im) -> None:
        session = Polling(im.port)

        answers = [poll.answer() for poll in (session.begin_get(), session.begin_get())]

        # The server may read the two in either order. The one that it reads first ends with a close packet.
        assert sorted(status for status, _ in answers) == [200, 400]
        assert (200, "1") in answers
        assert session.is_closed()


class TestClose:
    def test_close_of_the_client_ends_the_session_and_its_poll(self, im: Im) -> None:
        for _attempt in range(5):
            session = Polling(im.port)
            waiting = session.begin_get()
            assert session.post("1") == (200, "ok")
            answer = waiting.answer()
            if answer[0] == 200:  # else the server read the GET after the POST, when the session had ended
                break

        assert answer == (200, NOOP)
        assert session.get()[0] == 400
        assert session.post(EVENT % "late")[0] == 400

    def test_packets_after_a_close_are_dropped(self, im: Im) -> None:
        session = Polling(im.port)

        assert session.post("1", "40", EVENT % "late") == (200, "ok")

        assert session.is_closed()
