"""Who is connected is greeted, gets what was missed, and then `sync`; many who come together cost one reading."""

from typing import Any

import pytest

from app.history import EMPTY
from im.chat import Chat
from im.delivery import Delivery
from im.notify import Greeting
from im.seats import Push
from im.welcome import Welcome
from tests.unit.im.fakes import FakeReplays, FakeSio, FakeSocket, settle


class House:
    def __init__(self) -> None:
        self.sio, self.replays = FakeSio(), FakeReplays()
        self.history = self.replays.history
        self.delivery = Delivery(self.sio, self.replays)
        self.welcome = Welcome(self.sio, chat=Chat(self.sio), delivery=self.delivery, replays=self.replays)

    def come(self, name: str, *, user_id: int | None = 7, last_offset: str | None = None) -> FakeSocket:
        socket = self.sio.eio.sockets[name] = FakeSocket()
        if user_id is not None:
            self.delivery.take_seat(name, name, user_id)
        self.welcome.soon(name, Greeting(user_id, last_offset))
        return socket

    def heard(self, name: str) -> list[Any]:
        """The events that a client got, `sync` with its data."""
        return [data if event == "sync" else event for event, data, room in self.sio.emitted if room == name]


@pytest.fixture
def house() -> House:
    return House()


def test_nothing_is_sent_before_the_connect_handler_is_done(house: House) -> None:
    house.come("ann")
    assert house.sio.emitted == []


def test_what_was_missed_comes_before_sync(house: House) -> None:
    house.history.entries = [("1-0", b'42["n",1]'), ("2-0", b'42["n",2]')]
    house.replays.counts = {7: 2}

    socket = house.come("ann", last_offset="1-0")
    settle()

    assert socket.written == [b'42["n",2]']
    assert house.heard("ann") == ["message", {"recovered": True, "offset": "2-0", "unread_count": 2}]


def test_many_who_come_together_are_read_for_at_once(house: House) -> None:
    for i in range(50):
        house.come(f"client {i}", user_id=i + 1)
    settle()

    assert house.history.reads == 1
    assert all(house.heard(f"client {i}")[-1]["recovered"] for i in range(50))


def test_who_comes_while_others_are_served_is_served_too(house: House) -> None:
    for i in range(200):
        house.come(f"client {i}")
    settle()
    house.come("late")
    settle()
    assert all(len(house.heard(name)) == 2 for name in house.sio.eio.sockets)


def test_an_anonymous_client_is_greeted_and_no_more(house: House) -> None:
    house.come("somebody", user_id=None)
    settle()
    assert house.heard("somebody") == ["message"]
    assert house.history.reads == 0


def test_who_left_meanwhile_hears_of_nothing(house: House) -> None:
    house.come("ann")
    house.delivery.leave_seat("ann")
    settle()
    assert (house.heard("ann"), house.history.reads) == ([], 0)


def test_a_history_that_is_away_sends_to_the_inbox(house: House) -> None:
    house.history.is_away = True
    house.replays.counts = {7: 3}
    house.come("ann", last_offset="1-0")
    settle()
    assert house.heard("ann")[-1] == {"recovered": False, "offset": EMPTY, "unread_count": None}


def test_an_empty_history_that_knows_no_count_was_lost(house: House) -> None:
    house.come("ann", last_offset=EMPTY)
    settle()
    assert house.heard("ann")[-1]["recovered"] is False


def test_what_is_pushed_before_the_welcome_comes_after_what_was_missed(house: House) -> None:
    house.history.entries = [("1-0", b'42["n",1]')]
    socket = house.come("ann", last_offset=EMPTY)
    house.replays.counts = {7: 1}
    house.history.entries.append(("2-0", b'42["n",2]'))
    house.delivery.deliver([("ann", "ann")], Push(b"1-0", b"2-0", b'42["n",2]'))
    assert socket.written == []

    settle()

    assert socket.written == [b'42["n",1]', b'42["n",2]']


@pytest.mark.parametrize("user_id", [7, None])
def test_one_that_fails_is_closed_and_those_who_came_with_it_are_welcomed(house: House, user_id: int | None) -> None:
    house.come("ann", user_id=1)
    broken = house.come("eve", user_id=user_id)
    broken.is_broken = True
    house.come("bob", user_id=2)
    settle()

    assert broken.is_closed
    assert [house.heard(name)[-1]["recovered"] for name in ("ann", "bob")] == [True, True]


def test_a_history_that_fails_unexpectedly_sends_to_the_inbox(house: House) -> None:
    house.history.error = AttributeError("unexpected")
    house.replays.counts = {7: 3}
    house.come("ann", last_offset="1-0")
    settle()
    assert house.heard("ann")[-1] == {"recovered": False, "offset": EMPTY, "unread_count": None}


def test_data_that_may_be_older_than_what_was_dispatched_sends_to_the_inbox(house: House) -> None:
    house.history.is_unverified = True
    house.come("ann", last_offset="1-0")
    settle()
    assert house.heard("ann")[-1] == {"recovered": False, "offset": EMPTY, "unread_count": None}
