"""The chat sends `hello`, and a reply to each message."""

import time

import pytest

from im.delivery.chat import Chat
from tests.unit.im.fakes import FakeSio


def test_greet_sends_hello() -> None:
    sio = FakeSio()

    Chat(sio).greet("sid")

    [(event, data, room)] = sio.emitted
    assert (event, data["msg"], room) == ("message", "hello", "sid")
    assert abs(data["timestamp"] / 1000 - time.time()) < 60


@pytest.mark.parametrize("message", [{"msg": "hi"}, {"msg": "hi", "timestamp": 5}])
def test_message_gets_a_reply_to_its_sender(message: dict[str, object]) -> None:
    sio = FakeSio()

    assert Chat(sio).message("sid", message) == {"status": "ok"}

    [(event, data, room)] = sio.emitted
    assert (event, data["msg"], room) == ("message", "I have received your msg: hi", "sid")


@pytest.mark.parametrize(
    "arguments", [(), (None,), ("hi",), (5,), ([],), ({},), ({"msg": None},), ({"msg": 5},), ({"msg": "a"}, 1), (b"x",)]
)
def test_invalid_message_gets_an_error_acknowledgement_and_no_reply(arguments: tuple[object, ...]) -> None:
    sio = FakeSio()

    assert set(Chat(sio).message("sid", *arguments)) == {"error"}

    assert sio.emitted == []


@pytest.mark.parametrize("text", ["x" * 4096, "\u65b0" * 1365, ""])
def test_text_of_at_most_4_kb_gets_a_reply(text: str) -> None:
    sio = FakeSio()
    assert Chat(sio).message("sid", {"msg": text}) == {"status": "ok"}
    assert len(sio.emitted) == 1


@pytest.mark.parametrize("text", ["x" * 4097, "\u65b0" * 1366, "half a pair: \ud83c"])
def test_text_that_is_longer_or_not_utf_8_gets_an_error_acknowledgement_and_no_reply(text: str) -> None:
    sio = FakeSio()
    assert "error" in Chat(sio).message("sid", {"msg": text})
    assert sio.emitted == []
