"""Line breaks where a server may copy a text: into a header of a response, into a second response, into its log."""

import pytest

from tests.im import Im
from tests.wire import Polling, Websocket, talk

_INJECTED = "Injected: forged"
_TARGET = "/socket.io/?EIO=4&transport=polling"
_HEADS = {
    "after the line": f"GET {_TARGET} HTTP/1.1{{}}\r\nHost: x",
    "path": "GET /socket.io/{}?EIO=4 HTTP/1.1\r\nHost: x",
    "target": "GET {} HTTP/1.1\r\nHost: x",
    "origin": f"GET {_TARGET} HTTP/1.1\r\nHost: x\r\nOrigin: http://127.0.0.1:5000{{}}",
    "host": f"GET {_TARGET} HTTP/1.1\r\nHost: x{{}}",
    "name": f"GET {_TARGET} HTTP/1.1\r\nHost: x\r\nX{{}}",
}
_BREAKS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"]
_ENCODED = ["%0d%0a", "%0a", "%0d", "%E5%98%8A%E5%98%8D", "%C4%8D%C4%8A", "%u000a"]


@pytest.fixture(autouse=True)
def clean_log(shared_im: Im) -> object:
    """No line of the log begins with what a client sent."""
    yield
    assert not any(
        line.startswith(_INJECTED) for line in shared_im.process.log.read_text(errors="replace").splitlines()
    )


def _injected(answer: bytes) -> list[bytes]:
    return [line for line in answer.partition(b"\r\n\r\n")[0].splitlines() if line.startswith(b"Injected")]


@pytest.mark.parametrize("line_break", _BREAKS)
@pytest.mark.parametrize("where", _HEADS)
def test_line_break_in_a_head_is_refused_or_is_the_end_of_a_line(shared_im: Im, where: str, line_break: str) -> None:
    head = _HEADS[where].format(line_break + _INJECTED)

    answer = talk(shared_im.port, head.encode() + b"\r\n\r\n")

    assert answer.count(b"HTTP/1.1 ") == 1
    assert _injected(answer) == []
    if line_break != "\r\n" and line_break.isascii():
        assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("line_break", _ENCODED)
@pytest.mark.parametrize("name", ["EIO", "transport", "sid", "j", "t", "token", "last_offset", "b64"])
def test_line_break_in_a_query_is_in_no_header_of_the_response(shared_im: Im, name: str, line_break: str) -> None:
    fields = {"EIO": "4", "transport": "polling"} | {name: f"x{line_break}Injected:%20forged{line_break}{line_break}"}
    target = "&".join(f"{key}={value}" for key, value in fields.items())

    answer = talk(shared_im.port, f"GET /socket.io/?{target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert answer.count(b"HTTP/1.1 ") == 1
    assert _injected(answer) == []
    assert b"\nInjected" not in answer


@pytest.mark.parametrize("line_break", ["\\r\\n", "\\n", "\\u2028", "\\u001e"])
def test_line_break_in_an_event_is_escaped_in_the_answer(shared_im: Im, line_break: str) -> None:
    with Websocket(shared_im.port) as client:
        client.join()
        client.send(f'421["x{line_break}{_INJECTED}"]', f'422["message",{{"msg":"{line_break}{_INJECTED}"}}]')
        answers = [client.receive() for _ in range(3)]

    assert not any(character in answer for character in "\r\n\x1e" for answer in answers)


def test_packet_separator_in_a_text_makes_no_second_packet(shared_im: Im) -> None:
    session = Polling(shared_im.port)
    session.join()
    session.post('421["message",{"msg":"\\u001e42[\\"forged\\"]"}]')

    assert session.receive().startswith('42["message",{"msg":"I have received your msg: \\u001e42')
    assert session.receive() == '431[{"status":"ok"}]'
