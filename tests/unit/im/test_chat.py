"""The greeting, and a reply to each message."""

import time

import pytest

from im.chat import Chat
from tests.unit.im.fakes import FakeSio


def test_a_client_is_greeted() -> None:
    sio = FakeSio()

    Chat(sio).greet("sid")

    [(event, data, room)] = sio.emitted
    assert (event, data["msg"], room) == ("message", "hello", "sid")
    assert abs(data["timestamp"] / 1000 - time.time()) < 60


@pytest.mark.parametrize("message", [{"msg": "hi"}, {"msg": "hi", "timestamp": 5}])
def test_a_message_is_answered_to_its_sender(message: dict[str, object]) -> None:
    sio = FakeSio()

    assert Chat(sio).message("sid", message) == {"status": "ok"}

    [(event, data, room)] = sio.emitted
    assert (event, data["msg"], room) == ("message", "I have received your msg: hi", "sid")


@pytest.mark.parametrize(
    "arguments", [(), (None,), ("hi",), (5,), ([],), ({},), ({"msg": None},), ({"msg": 5},), ({"msg": "a"}, 1), (b"x",)]
)
def test_a_senseless_message_is_an_acknowledged_error_and_no_more(arguments: tuple[object, ...]) -> None:
    sio = FakeSio()

    assert set(Chat(sio).message("sid", *arguments)) == {"error"}

    assert sio.emitted == []


@pytest.mark.parametrize("text", ["x" * 4096, "\u65b0" * 1365, ""])
def test_a_text_of_a_few_kilobytes_is_answered(text: str) -> None:
    sio = FakeSio()
    assert Chat(sio).message("sid", {"msg": text}) == {"status": "ok"}
    assert len(sio.emitted) == 1


@pytest.mark.parametrize("text", ["x" * 4097, "\u65b0" * 1366, "half a pair: \ud83c"])
def test_a_text_that_is_longer_or_no_utf_8_is_an_acknowledged_error_and_no_more(text: str) -> None:
    sio = FakeSio()
    assert "error" in Chat(sio).message("sid", {"msg": text})
    assert sio.emitted == []
