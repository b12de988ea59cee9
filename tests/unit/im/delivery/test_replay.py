"""A client that connects gets `hello`, what it missed, and then `sync`. Many clients at once cost one read."""

from typing import Any

import pytest

from core.history import EMPTY
from im.delivery.chat import Chat
from im.delivery.connect import ConnectRequest
from im.delivery.cursor import PreparedMessage
from im.delivery.delivery import Delivery
from im.delivery.replay import Replay
from tests.unit.im.fakes import CLIENT, FakeReplays, FakeSio, FakeSocket, claims_of, settle


class Scenario:
    def __init__(self) -> None:
        self.sio, self.replays = FakeSio(), FakeReplays()
        self.history = self.replays.history
        self.delivery = Delivery(self.sio, self.replays)
        self.replay = Replay(self.sio, chat=Chat(self.sio), delivery=self.delivery, replays=self.replays)

    def connect(self, name: str, *, user_id: str | None = "7", last_offset: str | None = None) -> FakeSocket:
        socket = self.sio.eio.sockets[name] = FakeSocket()
        if user_id is not None:
            self.delivery.open_cursor(name, name, claims_of(user_id), CLIENT)
        self.replay.soon(name, ConnectRequest(user_id, last_offset))
        return socket

    def events_of(self, name: str) -> list[Any]:
        """The events that a client got, `sync` with its data."""
        return [data if event == "sync" else event for event, data, room in self.sio.emitted if room == name]


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


def test_replay_sends_nothing_before_the_connect_handler_returns(scenario: Scenario) -> None:
    scenario.connect("ann")
    assert scenario.sio.emitted == []


def test_missed_notifications_arrive_before_sync(scenario: Scenario) -> None:
    scenario.history.entries = [("1-0", b'42["n",1]'), ("2-0", b'42["n",2]')]
    scenario.replays.counts = {"7": 2}

    socket = scenario.connect("ann", last_offset="1-0")
    settle()

    assert socket.written == [b'42["n",2]']
    assert scenario.events_of("ann") == ["message", {"recovered": True, "offset": "2-0", "unread_count": 2}]


def test_clients_that_connect_at_once_cost_one_read(scenario: Scenario) -> None:
    for i in range(50):
        scenario.connect(f"client {i}", user_id=str(i + 1))
    settle()

    assert scenario.history.reads == 1
    assert all(scenario.events_of(f"client {i}")[-1]["recovered"] for i in range(50))


def test_client_that_connects_while_others_are_served_gets_sync_too(scenario: Scenario) -> None:
    for i in range(200):
        scenario.connect(f"client {i}")
    settle()
    scenario.connect("late")
    settle()
    assert all(len(scenario.events_of(name)) == 2 for name in scenario.sio.eio.sockets)


def test_anonymous_client_gets_hello_and_no_sync(scenario: Scenario) -> None:
    scenario.connect("somebody", user_id=None)
    settle()
    assert scenario.events_of("somebody") == ["message"]
    assert scenario.history.reads == 0


def test_client_that_has_disconnected_gets_nothing(scenario: Scenario) -> None:
    scenario.connect("ann")
    scenario.delivery.close_cursor("ann")
    settle()
    assert (scenario.events_of("ann"), scenario.history.reads) == ([], 0)


def test_sync_is_not_recovered_while_the_history_is_unavailable(scenario: Scenario) -> None:
    scenario.history.is_unavailable = True
    scenario.replays.counts = {7: 3}
    scenario.connect("ann", last_offset="1-0")
    settle()
    assert scenario.events_of("ann")[-1] == {"recovered": False, "offset": EMPTY, "unread_count": None}


def test_sync_is_not_recovered_when_redis_has_lost_history_and_count(scenario: Scenario) -> None:
    scenario.connect("ann", last_offset=EMPTY)
    settle()
    assert scenario.events_of("ann")[-1]["recovered"] is False


def test_push_before_the_replay_arrives_after_the_missed_notifications(scenario: Scenario) -> None:
    scenario.history.entries = [("1-0", b'42["n",1]')]
    socket = scenario.connect("ann", last_offset=EMPTY)
    scenario.replays.counts = {7: 1}
    scenario.history.entries.append(("2-0", b'42["n",2]'))
    scenario.delivery.deliver([("ann", "ann")], PreparedMessage(b"1-0", b"2-0", b'42["n",2]'))
    assert socket.written == []

    settle()

    assert socket.written == [b'42["n",1]', b'42["n",2]']


@pytest.mark.parametrize("user_id", ["7", None])
def test_client_that_fails_is_closed_and_the_others_get_sync(scenario: Scenario, user_id: str | None) -> None:
    scenario.connect("ann", user_id="1")
    broken = scenario.connect("eve", user_id=user_id)
    broken.is_broken = True
    scenario.connect("bob", user_id="2")
    settle()

    assert broken.is_closed
    assert [scenario.events_of(name)[-1]["recovered"] for name in ("ann", "bob")] == [True, True]


def test_sync_is_not_recovered_after_an_unexpected_error_of_the_history(scenario: Scenario) -> None:
    scenario.history.error = AttributeError("unexpected")
    scenario.replays.counts = {7: 3}
    scenario.connect("ann", last_offset="1-0")
    settle()
    assert scenario.events_of("ann")[-1] == {"recovered": False, "offset": EMPTY, "unread_count": None}


def test_sync_is_not_recovered_while_the_data_in_redis_is_unverified(scenario: Scenario) -> None:
    scenario.history.is_unverified = True
    scenario.connect("ann", last_offset="1-0")
    settle()
    assert scenario.events_of("ann")[-1] == {"recovered": False, "offset": EMPTY, "unread_count": None}
