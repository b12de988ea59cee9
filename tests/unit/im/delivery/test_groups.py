"""A socket gets either each notification, or one update for all of its group. It moves over what is not for it."""

import pytest

from core import wire
from core.history import EMPTY
from core.wire import Audience
from im.delivery.cursor import PreparedMessage
from im.delivery.delivery import Delivery
from im.delivery.gap_views import packets_for
from tests.unit.im.fakes import CLIENT, FakeReplays, FakeSio, FakeSocket, claims_of, settle

USER = "7"


def packet(name: str, audience: Audience = Audience.ALL, **data: object) -> bytes:
    return wire.encode_packet("n", {"name": name, **data}, audience=audience)


def plain(name: str) -> bytes:
    return packet(name, Audience.PLAIN)


def update(name: str, group_id: object = 1) -> bytes:
    return packet(name, Audience.GROUPS, group_id=group_id)


class Scenario:
    """One user with a plain socket and one with groups, and a history."""

    def __init__(self) -> None:
        self.sio, self.replays = FakeSio(), FakeReplays()
        self.history = self.replays.history
        self.delivery = Delivery(self.sio, self.replays)
        self.sockets = {name: FakeSocket() for name in ("plain", "groups")}
        self.sio.eio.sockets.update(self.sockets)

    def append(self, *packets: bytes) -> list[PreparedMessage]:
        pushes = []
        for one in packets:
            previous = self.history.entries[-1][0] if self.history.entries else EMPTY
            offset = f"{len(self.history.entries) + 1}-0"
            self.history.entries.append((offset, one))
            pushes.append(PreparedMessage(previous.encode(), offset.encode(), one))
        return pushes

    def push(self, *packets: bytes) -> None:
        for push in self.append(*packets):
            self.deliver(push)

    def deliver(self, push: PreparedMessage) -> None:
        self.delivery.deliver([(name, name) for name in self.sockets], push)

    def open(self) -> None:
        for name in self.sockets:
            self.delivery.open_cursor(name, name, claims_of(USER), CLIENT, wants_groups=name == "groups")

    def connect(self, last_offset: str | None = EMPTY) -> None:
        self.open()
        for name in self.sockets:
            self.delivery.replay(name, last_offset, self.history.read_after(USER, last_offset))
            self.delivery.go_live(name)

    def got(self, name: str) -> list[bytes]:
        return [packet for packet in self.sockets[name].written if packet.startswith(b"42[")]


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


def test_each_socket_gets_what_is_for_it_live(scenario: Scenario) -> None:
    scenario.connect()
    scenario.push(packet("all"), plain("a"), update("A"), plain("b"))
    assert scenario.got("plain") == [packet("all"), plain("a"), plain("b")]
    assert scenario.got("groups") == [packet("all"), update("A")]


def test_what_is_not_for_a_socket_makes_no_gap(scenario: Scenario) -> None:
    scenario.connect()
    scenario.push(update("A"), plain("a"), packet("all"))
    settle()
    assert scenario.history.reads == 0


def test_what_is_held_during_a_replay_is_only_what_is_for_the_socket(scenario: Scenario) -> None:
    scenario.open()
    scenario.push(plain("a"), update("A"))
    for name in scenario.sockets:
        scenario.delivery.replay(name, None, scenario.history.read_after(USER, None))
        scenario.delivery.go_live(name)
    assert scenario.got("plain") == [plain("a")]
    assert scenario.got("groups") == [update("A")]


def test_replay_of_a_group_is_its_newest_update(scenario: Scenario) -> None:
    scenario.append(plain("a"), update("A"), plain("b"), packet("all"), update("other", 2), update("B"))
    scenario.connect()
    assert scenario.got("plain") == [plain("a"), plain("b"), packet("all")]
    assert scenario.got("groups") == [packet("all"), update("other", 2), update("B")]


def test_socket_that_catches_up_gets_what_is_for_it(scenario: Scenario) -> None:
    scenario.connect()
    scenario.append(plain("a"), update("A"))
    scenario.deliver(scenario.append(update("B"))[0])
    settle()
    assert scenario.got("plain") == [plain("a")]
    assert scenario.got("groups") == [update("B")]


def test_socket_goes_on_after_a_replay_that_had_nothing_for_it(scenario: Scenario) -> None:
    scenario.append(plain("a"))
    scenario.connect()
    scenario.push(update("A"))
    settle()
    assert scenario.got("groups") == [update("A")]
    assert scenario.history.reads == 0


def test_update_without_a_group_is_kept() -> None:
    packets = [update("A", None), update("B", None), update("C", [1])]
    assert packets_for(packets, Audience.PLAIN) == packets
