"""Rooms, and what becomes of each message of the queue."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
import socketio
from hypothesis import given, settings
from hypothesis import strategies as st

from app import events
from im import metrics, protocol
from im.messages import LARGEST
from im.rooms import IndexedRooms, PushRooms
from tests.unit.im.fakes import FakeSocket, settle
from tests.unit.im.test_private_names import ASKED_FOR

FIELDS = ["event", "data", "namespace", "room", "sid", "skip_sid", "callback", "host_id", "binary", "id", "args"]
# What a field may hold: what it should, or anything else.
values = st.sampled_from(
    ["/", "7", None, 1, True, [], ["7"], [[]], {}, {"a": 1}, ["a", "/", 1], [{"_placeholder": True, "num": 9}, "x"]]
)


def serving(manager: Any) -> Any:
    """Give a manager the server that it can't do without."""
    socketio.Server(async_mode="threading", client_manager=manager)
    return manager


@pytest.fixture
def rooms() -> IndexedRooms:
    return serving(IndexedRooms(channel="test"))


class TestIndexedRooms:
    def test_a_room_holds_those_who_entered_and_did_not_leave(self, rooms: IndexedRooms) -> None:
        ann, bob = rooms.connect("eio-ann", "/"), rooms.connect("eio-bob", "/")
        rooms.basic_enter_room(ann, "/", "news")
        rooms.basic_enter_room(bob, "/", "news")

        rooms.basic_leave_room(bob, "/", "news")

        assert list(rooms.get_participants("/", "news")) == [(ann, "eio-ann")]
        assert set(rooms.get_rooms(ann, "/")) == {ann, "news"}
        assert rooms.get_rooms(bob, "/") == [bob]

    def test_who_disconnects_is_in_no_room_any_more(self, rooms: IndexedRooms) -> None:
        ann, bob = rooms.connect("eio-ann", "/"), rooms.connect("eio-bob", "/")
        for sid in (ann, bob):
            rooms.basic_enter_room(sid, "/", "news")

        rooms.basic_disconnect(ann, "/")

        assert list(rooms.get_participants("/", "news")) == [(bob, "eio-bob")]
        assert list(rooms.get_participants("/", None)) == [(bob, "eio-bob")]
        assert rooms.get_rooms(ann, "/") == []

    def test_a_namespace_in_which_nobody_is_left_keeps_nothing(self, rooms: IndexedRooms) -> None:
        sid = rooms.connect("eio", "/")
        rooms.basic_enter_room(sid, "/", "news")

        rooms.basic_disconnect(sid, "/")

        assert not rooms.rooms.get("/")


def dropped() -> dict[str, float]:
    """Count the bad messages so far, by reason."""
    [family] = metrics.BAD_MESSAGES.collect()
    return {s.labels["reason"]: s.value for s in family.samples if s.name.endswith("_total")}


class FakeDelivery:
    def __init__(self) -> None:
        self.delivered: list[tuple[list[tuple[str, str]], Any]] = []

    def deliver(self, members: Any, push: Any) -> None:
        self.delivered.append((list(members), push))


class TestTake:
    @pytest.fixture
    def taker(self) -> PushRooms:
        manager = serving(PushRooms(channel="test"))
        manager.delivery = FakeDelivery()
        return manager

    def test_many_pushes_in_one_message_go_each_to_its_own_room(self, taker: PushRooms) -> None:
        sid = taker.connect("eio", "/")
        taker.basic_enter_room(sid, "/", "7")
        pushes = [
            events.encode_push("7", b'42["a",1]', previous="1-0", offset="2-0"),
            events.encode_push("8", b'42["a",2]'),
            events.encode_push("", b'42["a",3]'),
        ]

        taker.take(events.PUSH_SEPARATOR.join(pushes))

        delivered = taker.delivery.delivered
        assert [(members, push.packet) for members, push in delivered] == [
            ([(sid, "eio")], b'42["a",1]'),
            ([(sid, "eio")], b'42["a",3]'),
        ]
        assert (delivered[0][1].previous, delivered[0][1].offset) == (b"1-0", b"2-0")

    def test_a_bad_push_is_dropped_and_those_beside_it_are_delivered(self, taker: PushRooms) -> None:
        taker.basic_enter_room(taker.connect("eio", "/"), "/", "7")
        good = [events.encode_push("7", b'42["n",%d]' % n) for n in range(3)]
        bad = [b"Pabc", b"5", b'"method"', b"P\xff\0\0\0" + b'42["n",9]', b"P7\0x\0y\0" + b'42["n",9]', b"P7\0\0\0\xff"]
        before = dropped()["push"]

        taker.take(events.PUSH_SEPARATOR.join([good[0], *bad[:3], good[1], *bad[3:], good[2]]))

        assert [push.packet for _, push in taker.delivery.delivered] == [b'42["n",%d]' % n for n in range(3)]
        assert dropped()["push"] - before == len(bad)

    @pytest.mark.parametrize(
        ("message", "reason"),
        [
            (b"", "json"),
            (b"\xff", "json"),
            (b"5", "shape"),
            (b'"method"', "shape"),
            (b'{"method":"emit"}', "shape"),
            (b'{"method":"emit","event":"a"}', "failed"),
            (b'{"method":"emit","event":"a","data":1,"namespace":[]}', "failed"),
            (b'{"method":"emit","event":"a","data":1,"namespace":"/","room":5}', "failed"),
            (b'{"method":"emit","event":"a","data":1,"namespace":"/","room":[{}]}', "failed"),
            (
                b'{"method":"emit","event":"a","data":["x"],"namespace":"/","room":"7","binary":5,"callback":7}',
                "failed",
            ),
            (b'{"method":"enter_room","sid":"SID","namespace":"/","room":{}}', "failed"),
            (b'{"method":"disconnect","sid":[],"namespace":"/"}', "failed"),
            (b'{"method":"callback","host_id":"HOST","sid":[],"id":1,"args":[]}', "failed"),
            (b" " * (LARGEST + 1), "size"),
        ],
    )
    def test_a_message_that_makes_no_sense_is_dropped_and_counted(
        self, taker: PushRooms, message: bytes, reason: str
    ) -> None:
        sid = taker.connect("eio", "/")
        before = dropped()

        taker.take(message.replace(b"SID", str(sid).encode()).replace(b"HOST", taker.host_id.encode()))

        assert {name: count - before[name] for name, count in dropped().items() if count != before[name]} == {reason: 1}

    @settings(max_examples=300)
    @given(st.sampled_from([*ASKED_FOR, "nonce"]), st.dictionaries(st.sampled_from(FIELDS), values))
    def test_whatever_is_asked_for_a_push_after_it_is_delivered(self, method: str, fields: dict[str, object]) -> None:
        taker = serving(PushRooms(channel="test"))
        taker.delivery = FakeDelivery()
        taker.connect("another", "/")

        taker.take(json.dumps({"method": method, **fields}).encode())

        sid = taker.connect("eio", "/")
        taker.basic_enter_room(sid, "/", "8")
        taker.take(events.encode_push("8", b'42["n",1]'))
        assert [members for members, _ in taker.delivery.delivered] == [[(sid, "eio")]]

    def test_its_own_word_is_heard(self, taker: PushRooms) -> None:
        heard: list[bool] = []
        taker.hearing = SimpleNamespace(heard=lambda: heard.append(True))

        taker.take(taker.nonce.encode())

        assert heard == [True]

    def test_the_word_of_another_server_means_nothing(self, taker: PushRooms) -> None:
        before = dropped()

        taker.take(PushRooms(channel="test").nonce.encode())

        assert dropped() == before


def test_a_socket_that_fails_does_not_keep_what_a_manager_emits_from_the_others_of_the_room() -> None:
    manager = PushRooms(channel="test")
    server = protocol.Server(async_mode="threading", client_manager=manager)
    broken, whole = FakeSocket(), FakeSocket()
    broken.is_broken = True
    server.eio.sockets = {"broken": broken, "whole": whole}
    for eio_sid in server.eio.sockets:
        manager.basic_enter_room(manager.connect(eio_sid, "/"), "/", "7")

    manager.take(b'{"method":"emit","event":"a","data":[1],"namespace":"/","room":"7"}')
    settle()

    assert (broken.is_closed, whole.is_closed) == (True, False)
    assert whole.written == [b'42["a",1]']
