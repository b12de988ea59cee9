"""Socket.IO: namespaces, events, acknowledgements, attachments, and malformed packets."""

import json
import time

import jwt
import pytest

from tests.im import Im, Neighbour
from tests.wire import Polling, Websocket

EVENT = '42["message",{"msg":"%s"}]'
REPLY = '42["message",{"msg":"I have received your msg: %s"'


class TestConnect:
    def test_main_namespace_accepts_a_connect(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.send("40")
            answer = session.receive()
            assert answer.startswith("40{")
            assert set(json.loads(answer[2:])) == {"sid"}

    @pytest.mark.parametrize("packet", ["40", "40{}", '40{"anything":[1]}', "40/,", "40/,{}", '40{"token":null}'])
    def test_connect_may_have_a_payload(self, im: Im, packet: str) -> None:
        with Websocket(im.port) as session:
            session.join(packet)

    def test_sid_differs_from_that_of_the_session(self, im: Im) -> None:
        with Websocket(im.port) as session:
            assert session.join() != session.sid

    def test_token_may_be_in_the_payload(self, im: Im) -> None:
        now = int(time.time())
        claims = {"user_id": 7, "refresh": False, "iat": now, "exp": now + 60, "jti": "one"}
        with Websocket(im.port) as session:
            session.join("40" + json.dumps({"token": jwt.encode(claims, im.secret, algorithm="HS256")}))
            assert session.receive().startswith('42["sync",')

    @pytest.mark.parametrize("token", ['"nonsense"', "5", "[]"])
    def test_bad_token_is_refused_and_may_be_corrected(self, im: Im, token: str) -> None:
        with Websocket(im.port) as session:
            session.send(f'40{{"token":{token}}}')
            assert session.receive() == '44{"message":"token_invalid"}'
            session.join()

    @pytest.mark.parametrize("packet", ["40/unknown", "40/unknown,", '40/unknown,{"token":"x"}'])
    def test_unknown_namespace_is_refused_by_name(self, im: Im, packet: str) -> None:
        with Websocket(im.port) as session:
            session.send(packet)
            assert session.receive() == '44/unknown,{"message":"Invalid namespace"}'
            session.join()

    def test_query_after_the_namespace_is_ignored(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.send("40/unknown?token=x,")
            assert session.receive().startswith("44/unknown,")

    def test_events_before_connect_are_dropped(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.send(EVENT % "early", '427["message",{"msg":"early"}]', "430[]", "41")
            session.join()
            assert session.is_alive()

    def test_second_connect_closes_the_session(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.send("40")
            session.closing_code()


class TestDisconnect:
    @pytest.mark.parametrize("packet", ["41", "41/,"])
    def test_client_may_disconnect_and_connect_again(self, im: Im, packet: str) -> None:
        with Websocket(im.port) as session:
            first = session.join()
            session.send(packet, EVENT % "gone")

            assert session.join() != first
            assert session.is_alive()

    def test_disconnect_from_an_unknown_namespace_changes_nothing(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.send("41/unknown,", '42/unknown,["message",{"msg":"x"}]', "43/unknown,1[]")
            assert session.is_alive()


class TestEvents:
    def test_event_is_acknowledged_by_its_id(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            for number in (0, 1, 456, 10**15):
                session.send(f'42{number}["message",{{"msg":"x"}}]')
                come = [session.receive() for _ in range(2)]
                assert f'43{number}[{{"status":"ok"}}]' in come

    def test_event_without_an_id_is_not_acknowledged(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.send('42["unknown"]', EVENT % "x")
            assert session.receive().startswith(REPLY % "x")

    @pytest.mark.parametrize("arguments", ["", ',1,"2",{"3":[true]}', ",null", ',{"msg":"x"},{"msg":"y"}'])
    def test_event_may_have_any_number_of_arguments(self, im: Im, arguments: str) -> None:
        with Websocket(im.port) as session:
            session.join()
            for event in ("message", "unknown", ""):
                session.send(f'425["{event}"{arguments}]')
                assert session.receive().startswith('435[{"error":')

    def test_events_work_over_polling(self, im: Im) -> None:
        session = Polling(im.port)
        session.join()
        session.post('428["message",{"msg":"x"}]', '429["unknown"]')
        come = [session.receive() for _ in range(3)]
        assert come[0].startswith(REPLY % "x")
        assert come[1] == '438[{"status":"ok"}]'
        assert come[2].startswith('439[{"error":')

    def test_client_acknowledges_an_event_of_the_server(self, im: Im) -> None:
        with Websocket(im.port) as session, Neighbour(im.redis_url) as neighbour:
            neighbour.ask("question", [1, "two"], sid=session.join())
            asked = session.receive()
            assert asked.endswith('["question",1,"two"]')

            session.send("43" + asked[2 : asked.index("[")] + '["yes",{"and":"no"}]')

            assert neighbour.wait_for_answer() == ["yes", {"and": "no"}]

    @pytest.mark.parametrize(
        "data", [2**70 + 1, "Ännchen \U0001f600", {"a": [-(2**63) - 1, None, 1.5]}, ["half a pair: \ud83d", 10**90 + 1]]
    )
    @pytest.mark.parametrize("how", [Websocket, Polling])
    def test_event_of_a_stock_manager_arrives_unchanged(
        self, im: Im, how: type[Websocket] | type[Polling], data: object
    ) -> None:
        session = how(im.port)
        with Neighbour(im.redis_url) as neighbour:
            neighbour.emit("odd", data, room=session.join())

        assert json.loads(session.receive()[2:]) == ["odd", data]

        if isinstance(session, Websocket):
            session.ws.shutdown()

    def test_unrequested_acknowledgements_are_ignored(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.send("430[]", '43999["x"]', "43[1]")
            assert session.is_alive()


class TestAttachments:
    def test_event_with_attachments_is_reassembled(self, im: Im) -> None:
        head = '452-789["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
        with Websocket(im.port) as session:
            session.join()
            session.send(head, b"\x01\x02", b"")
            assert session.receive().startswith('43789[{"error":')

    def test_attachments_are_base64_over_polling(self, im: Im) -> None:
        session = Polling(im.port)
        session.join()
        assert session.post('451-7["message",{"_placeholder":true,"num":0}]', "bAQIDBA==") == (200, "ok")
        assert session.receive().startswith('437[{"error":')

    def test_acknowledgement_may_have_attachments(self, im: Im) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.send('461-5[{"_placeholder":true,"num":0}]', b"x")
            assert session.is_alive()

    def test_server_sends_attachments(self, im: Im) -> None:
        with Websocket(im.port) as session, Neighbour(im.redis_url) as neighbour:
            neighbour.emit("photo", {"a": b"\x01\x02", "b": [b"\x03"]}, room=session.join())
            assert session.receive().startswith('452-["photo",')
            assert [session.receive(), session.receive()] == [b"\x01\x02", b"\x03"]

    def test_server_sends_attachments_over_polling(self, im: Im) -> None:
        session = Polling(im.port)
        with Neighbour(im.redis_url) as neighbour:
            neighbour.emit("photo", b"\x01\x02\x03\x04", room=session.join())
        assert session.receive() == '451-["photo",{"_placeholder":true,"num":0}]'
        assert session.receive() == "bAQIDBA=="


MALFORMED: dict[str, list[str | bytes]] = {
    "no packet": ["4"],
    "a word": ["4abc"],
    "type 7": ['47["message"]'],
    "connect_error": ['44{"message":"x"}'],
    "json in place of a packet": ['4{"a":1}'],
    "a list in place of a packet": ["4[1]"],
    "no payload": ["42"],
    "an object for an event": ["42{}"],
    "an empty list": ["42[]"],
    "null": ["42null"],
    "a number for a name": ["42[5]"],
    "an object for a name": ["42[{}]"],
    "half a list": ['42["message",'],
    "a bad id": ['42abc["message",1]'],
    "a fraction for an id": ['421.5["message",1]'],
    "an endless id": ["42" + "1" * 5000 + '["message"]'],
    "no json": ["42[message]"],
    "deep": ['42["message",' + "[" * 20_000 + "]" * 20_000 + "]"],
    "the server's connect": ['42["connect",{}]'],
    "the server's disconnect": ['42["disconnect","x"]'],
    "the server's connect_error": ['42["connect_error",{}]'],
    "an object for an answer": ["431{}"],
    "no answer": ["431"],
    "a list for a connect": ["40/other,[1]"],
    "a payload for a disconnect": ["41{}"],
    "attachments to no binary event": ['421-["message",{"_placeholder":true,"num":0}]'],
    "a binary event without attachments": ['45["message"]'],
    "endless attachments": ['4599999999-["message"]'],
    "absurd attachments": ['4599999999999999-["message"]'],
    "an attachment to nothing": [b"\x01\x02\x03"],
    "an attachment that looks like a packet": [b'2["message"]'],
    "a text for an attachment": ['451-["message",{"_placeholder":true,"num":0}]', EVENT % "x"],
    "a placeholder for nothing": ['451-["message",{"_placeholder":true,"num":5}]', b"x"],
    "a word for a placeholder": ['451-["message",{"_placeholder":true,"num":"x"}]', b"x"],
}


class TestMalformed:
    @pytest.mark.parametrize("packets", MALFORMED.values(), ids=MALFORMED)
    def test_malformed_packet_closes_the_session(self, im: Im, packets: list[str | bytes]) -> None:
        with Websocket(im.port) as session:
            session.join()
            session.send(*packets)
            session.closing_code()

    @pytest.mark.parametrize("packet", ["4abc", "42{}", '42["connect",{}]', "b!!!", "bAQID"])
    def test_malformed_packet_over_polling_closes_the_session(self, im: Im, packet: str) -> None:
        session = Polling(im.port)
        session.join()
        session.post(packet)  # This is a valid packet of Engine.IO.
        assert session.is_closed()

    @pytest.mark.parametrize("packet", ["4abc", "42{}", '451-["x",{"_placeholder":true,"num":0}]', "40[]"])
    def test_malformed_packet_before_connect_closes_the_session(self, im: Im, packet: str) -> None:
        with Websocket(im.port) as session:
            session.send(packet)
            session.closing_code()
