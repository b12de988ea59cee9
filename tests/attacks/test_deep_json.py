"""JSON that is deep, wide or long, in each place where a client sends JSON, up to the largest packet."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from bench.websocket import text_frame
from tests.attacks.attackers import Target, attack
from tests.attacks.bystanders import measure
from tests.attacks.floods import session
from tests.im import Im
from tests.wire import ENDED, Polling, Websocket

_SIZE = 60_000
_VALUES = {
    "lists": "[" * (_SIZE // 2) + "]" * (_SIZE // 2),
    "open lists": "[" * _SIZE,
    "objects": '{"a":' * (_SIZE // 6) + "1" + "}" * (_SIZE // 6),
    "lists below the limit": "[" * 900 + "]" * 900,
    "wide list": "[" + "[]," * (_SIZE // 3) + "[]]",
    "wide object": "{" + ",".join(f'"{n}":0' for n in range(_SIZE // 9)) + "}",
    "equal keys": "{" + ",".join(['"a":0'] * (_SIZE // 6)) + "}",
    "integer": "9" * _SIZE,
    "fraction": "0." + "9" * _SIZE,
    "exponent": "1e" + "9" * _SIZE,
    "escapes": '"' + "\\u0000" * (_SIZE // 6) + '"',
    "lone surrogates": '"' + "\\ud800" * (_SIZE // 6) + '"',
    "placeholders": "[" + ",".join(['{"_placeholder":true,"num":0}'] * (_SIZE // 32)) + "]",
}
_PLACES = {
    "auth": "40{}",
    "event": '421["message",{}]',
    "text of the chat": '421["message",{{"msg":{}}}]',
    "name of an event": "421[{}]",
    "acknowledgement": "431[{}]",
    "binary event": '451-["message",{}]',
    "namespace": "40/{},",
}


def _packets() -> Iterator[str]:
    for place in _PLACES.values():
        for value in _VALUES.values():
            yield place.format(value)


@attack
def deep_and_wide_json(target: Target) -> None:
    for packet in _packets():
        with suppress(OSError), session(target) as sock:
            sock.sendall(text_frame(packet.encode()))
            sock.recv(4096)


@pytest.mark.parametrize("place", _PLACES.values(), ids=_PLACES)
def test_packet_of_deep_or_wide_json_is_answered_or_ends_its_session_alone(shared_im: Im, place: str) -> None:
    with Websocket(shared_im.port) as other:
        other.join()
        for value in _VALUES.values():
            with Websocket(shared_im.port) as client, suppress(*ENDED):
                client.send(place.format(value))
                if place.startswith("40"):
                    client.receive()
        polling = Polling(shared_im.port)
        assert all(polling.post(place.format(value))[0] in (200, 400) for value in [_VALUES["lists"]])
        assert other.is_alive()


def test_deep_and_wide_json_does_not_starve_other_clients(shared_im: Im) -> None:
    measure(shared_im, deep_and_wide_json).assert_unharmed()
