"""Rooms, indexed by room and by client."""

from typing import Any

import pytest
import socketio

from im.subscription.rooms import IndexedRooms


def serving(manager: Any) -> Any:
    """Give a manager the server that it needs."""
    socketio.Server(async_mode="threading", client_manager=manager)
    return manager


@pytest.fixture
def rooms() -> IndexedRooms:
    return serving(IndexedRooms(channel="test"))


class TestIndexedRooms:
    def test_room_has_the_clients_that_entered_and_did_not_leave(self, rooms: IndexedRooms) -> None:
        ann, bob = rooms.connect("eio-ann", "/"), rooms.connect("eio-bob", "/")
        rooms.basic_enter_room(ann, "/", "news")
        rooms.basic_enter_room(bob, "/", "news")

        rooms.basic_leave_room(bob, "/", "news")

        assert list(rooms.get_participants("/", "news")) == [(ann, "eio-ann")]
        assert set(rooms.get_rooms(ann, "/")) == {ann, "news"}
        assert rooms.get_rooms(bob, "/") == [bob]

    def test_disconnected_client_is_in_no_room(self, rooms: IndexedRooms) -> None:
        ann, bob = rooms.connect("eio-ann", "/"), rooms.connect("eio-bob", "/")
        for sid in (ann, bob):
            rooms.basic_enter_room(sid, "/", "news")

        rooms.basic_disconnect(ann, "/")

        assert list(rooms.get_participants("/", "news")) == [(bob, "eio-bob")]
        assert list(rooms.get_participants("/", None)) == [(bob, "eio-bob")]
        assert rooms.get_rooms(ann, "/") == []

    def test_namespace_without_clients_has_no_rooms(self, rooms: IndexedRooms) -> None:
        sid = rooms.connect("eio", "/")
        rooms.basic_enter_room(sid, "/", "news")

        rooms.basic_disconnect(sid, "/")

        assert not rooms.rooms.get("/")

    def test_client_gets_nothing_that_goes_to_all_before_it_is_accepted(self, rooms: IndexedRooms) -> None:
        ann, bob = rooms.connect("eio-ann", "/admin"), rooms.pre_connect("eio-bob", "/admin")
        assert rooms.eio_sid_from_sid(bob, "/admin") == "eio-bob"

        assert list(rooms.get_participants("/admin", None)) == [(ann, "eio-ann")]
        rooms.connect(bob, "/admin")

        assert list(rooms.get_participants("/admin", None)) == [(ann, "eio-ann"), (bob, "eio-bob")]
