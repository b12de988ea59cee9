"""One polling client posts as fast as it can, or requests upgrades without end."""

import http.client
import json

import pytest

from tests.attacks.attackers import Attack, Target, attack
from tests.attacks.bystanders import measure
from tests.im import Im
from tests.wire import SEPARATOR, Polling, Websocket, query

_EVENTS = SEPARATOR.join(['421["message",{"msg":"x"}]'] * 1000)
_PONGS = SEPARATOR.join("3" * 1000)  # unlike events, these are not answered


def _post(target: Target, body: str) -> None:
    """Post the same body on one session until it is refused; raise OSError then."""
    server = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
    try:
        server.request("GET", f"/socket.io/?{query()}")
        sid = json.loads(server.getresponse().read()[1:])["sid"]
        for content in ("40", *[body] * 1000):
            server.request("POST", f"/socket.io/?{query(sid=sid)}", content)
            answer = server.getresponse()
            answer.read()
            if answer.status != 200:
                raise ConnectionResetError(answer.status)
    except http.client.HTTPException as error:
        raise ConnectionResetError(str(error)) from None
    finally:
        server.close()


@attack
def posts_of_many_events(target: Target) -> None:
    _post(target, _EVENTS)


@attack
def posts_of_pongs(target: Target) -> None:
    _post(target, _PONGS)


@attack
def probes_without_end(target: Target) -> None:
    session = Polling(target.port)
    while True:
        try:
            with Websocket(target.port, sid=session.sid) as probe:
                probe.send("2probe")
                probe.receive()
        except Exception as error:
            raise ConnectionResetError(str(error)) from None


@pytest.mark.parametrize("act", [posts_of_many_events, posts_of_pongs, probes_without_end])
def test_polling_flood_does_not_starve_other_clients(im: Im, act: Attack) -> None:
    measure(im, act).assert_unharmed()


def test_session_of_a_polling_flood_is_closed(im: Im) -> None:
    with pytest.raises(ConnectionResetError):
        _post(Target.of(im), _PONGS)
    assert im.metric("toutiao_im_rate_limited_total") > 0
    assert im.metric('toutiao_im_disconnects_total{reason="flood"}') == 1
