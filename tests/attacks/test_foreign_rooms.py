"""Clients try to get into the room of another user, by every packet and event, and to send to it."""

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
import redis
import socketio

from core import user_ids, wire
from im.subscription.rooms import IndexedRooms
from tests.attacks.attackers import Target
from tests.im import Im
from tests.wire import ENDED, Websocket

VICTIM, THIEF = 2_000_020, 2_000_021
_SECRET = '42["secret",{}]'
_VERBS = ("enter_room", "join", "joinRoom", "subscribe", "enter", "room", "rooms", "add_user", "emit", "leave_room")
_OWN_PACKETS = ("connect", "disconnect", "connect_error", "disconnecting")


def attempts(sid: str) -> dict[str, list[str | bytes]]:
    """Return packets that may open the victim's room, or reach the victim. `sid` is the victim's."""
    room = str(VICTIM)
    named = json.dumps({"room": room, "rooms": [room], "to": room, "sid": sid, "user_id": VICTIM, "msg": "x"})
    placeholder = '{"_placeholder":true,"num":0}'
    return {
        **{f"event {verb}": [f'42["{verb}","{room}"]', f'421["{verb}",{named}]'] for verb in _VERBS},
        **{f"binary event {verb}": [f'451-["{verb}",{placeholder}]', room.encode()] for verb in _VERBS[:3]},
        **{f"event {name} of the server": [f'42["{name}",{named}]'] for name in _OWN_PACKETS},
        "chat to a room": [f'421["message",{named}]'],
        "acknowledgements": [f'43{number}["{room}"]' for number in range(5)],
        "binary acknowledgement": [f"461-1[{placeholder}]", room.encode()],
        "namespace of that name": [f"40/{room},{named}", f'42/{room},["join","{room}"]'],
        "namespace of the sid": [f"40/{sid},", f'42/{sid},["x"]'],
        "second connect": [f"40{named}"],
        "error": [f"44{named}"],
        "disconnect of the other": [f"41/{room},", f"41/{sid},"],
    }


@pytest.fixture(scope="module")
def victim(shared_server: Im) -> Iterator[tuple[Websocket, str]]:
    """A user's socket, and its sid."""
    with Websocket(shared_server.port) as socket:
        sid = socket.join(_auth(shared_server, VICTIM))
        assert socket.receive().startswith('42["sync"')
        yield socket, sid


def _auth(im: Im, user_id: int) -> str:
    return "40" + json.dumps({"token": Target.of(im).token(user_id), "user_id": VICTIM, "room": str(VICTIM)})


def _push(im: Im, room: str) -> None:
    with redis.Redis.from_url(im.redis_url) as queue:
        queue.publish("socketio", wire.encode_push(room, _SECRET.encode()))


@pytest.mark.parametrize("attempt", attempts("sid"))
@pytest.mark.parametrize("user_id", [None, THIEF], ids=["anonymous", "another user"])
def test_no_packet_opens_the_room_of_another_user(
    shared_im: Im, victim: tuple[Websocket, str], attempt: str, user_id: int | None
) -> None:
    socket, sid = victim
    with Websocket(shared_im.port) as thief:
        thief.join("40" if user_id is None else _auth(shared_im, user_id))

        with suppress(*ENDED):  # some packets end the session
            thief.send(*attempts(sid)[attempt])
        _received(thief)
        _push(shared_im, str(VICTIM))

        assert _next(socket) == _SECRET  # and nothing that the thief sent
        assert _SECRET not in _received(thief)


def _next(client: Websocket) -> str:
    """Return the next packet that is no ping."""
    while (packet := str(client.receive())) == "2":
        client.send("3")
    return packet


def _received(client: Websocket) -> list[str]:
    """Return what a client has got, up to the answer to its last message or the end of its session."""
    come: list[str] = []
    with suppress(*ENDED):
        client.send('4277["message",{"msg":"last"}]')
        while not come or not come[-1].startswith("4377"):
            come.append(client.receive())
    return come


def test_push_to_a_room_that_is_named_like_a_sid_reaches_that_socket_alone(
    shared_im: Im, victim: tuple[Websocket, str]
) -> None:
    socket, sid = victim
    with Websocket(shared_im.port) as other:
        other.join(_auth(shared_im, THIEF))

        _push(shared_im, sid)
        assert _next(socket) == _SECRET
        socketio.RedisManager(shared_im.redis_url, write_only=True).emit("secret", {}, room=sid)
        assert _next(socket) == _SECRET

        assert _SECRET not in _received(other)


def test_name_of_a_users_room_is_never_a_sid() -> None:
    manager = IndexedRooms(channel="test")
    server = socketio.Server(async_mode="threading", client_manager=manager)

    assert {len(server.eio.generate_id()) for _ in range(100)} == {20}
    assert len(str(user_ids.LARGEST_ID)) < 20


def test_client_can_not_be_put_into_the_room_of_another_sid() -> None:
    manager = IndexedRooms(channel="test")
    socketio.Server(async_mode="threading", client_manager=manager)
    ann, bob = manager.connect("eio-ann", "/"), manager.connect("eio-bob", "/")

    with pytest.raises(ValueError, match="sid room"):
        manager.basic_enter_room(bob, "/", ann)

    assert list(manager.members("/", ann)) == [(ann, "eio-ann")]
