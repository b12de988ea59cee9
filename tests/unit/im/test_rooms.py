"""Rooms, and what becomes of each message of the queue."""

from types import SimpleNamespace
from typing import Any

import pytest
import socketio

from app import events
from im.rooms import IndexedRooms, PushRooms


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

        assert taker.take(events.PUSH_SEPARATOR.join(pushes))

        delivered = taker.delivery.delivered
        assert [(members, push.packet) for members, push in delivered] == [
            ([(sid, "eio")], b'42["a",1]'),
            ([(sid, "eio")], b'42["a",3]'),
        ]
        assert (delivered[0][1].previous, delivered[0][1].offset) == (b"1-0", b"2-0")

    def test_its_own_word_is_heard(self, taker: PushRooms) -> None:
        heard: list[bool] = []
        taker.hearing = SimpleNamespace(heard=lambda: heard.append(True))

        assert taker.take(taker.nonce.encode())

        assert heard == [True]

    def test_the_word_of_another_server_and_a_stock_managers_message_are_left_to_the_library(
        self, taker: PushRooms
    ) -> None:
        assert not taker.take(PushRooms(channel="test").nonce.encode())
        assert not taker.take(b'{"method": "emit", "event": "x", "data": 1, "namespace": "/", "room": "7"}')
