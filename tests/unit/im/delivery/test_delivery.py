"""Each socket gets its user's notifications in order and without gaps, whatever the message queue does to them."""

import pytest

from core.history import EMPTY
from im import metrics
from im.delivery.cursor import PreparedMessage
from im.delivery.delivery import Delivery
from im.transport.send_limits import MAX_WAITING_FRAMES
from tests.unit.im.fakes import CLIENT, FakeReplays, FakeSio, FakeSocket, claims_of, settle

SID, EIO_SID, USER = "sid", "eio", "7"


class Scenario:
    """One socket, and a history. `append` adds the notifications 1, 2, 3 ..."""

    def __init__(self) -> None:
        self.sio = FakeSio()
        self.replays = FakeReplays()
        self.replays.counts = {USER: 5}
        self.history = self.replays.history
        self.socket = self.sio.eio.sockets[EIO_SID] = FakeSocket()
        self.delivery = Delivery(self.sio, self.replays)

    def append(self) -> PreparedMessage:
        """Append one more notification, and return its push."""
        previous = self.history.entries[-1][0] if self.history.entries else EMPTY
        number = len(self.history.entries) + 1
        offset = f"{number}-0"
        push = PreparedMessage(previous.encode(), offset.encode(), b'42["n",%d]' % number)
        self.history.entries.append((offset, push.packet))
        return push

    def deliver(self, push: PreparedMessage) -> None:
        self.delivery.deliver([(SID, EIO_SID)], push)

    def connect(self, last_offset: str | None = None) -> None:
        self.delivery.open_cursor(SID, EIO_SID, claims_of(USER), CLIENT)
        self.delivery.replay(SID, last_offset, self.history.read_after(USER, last_offset))
        self.delivery.go_live(SID)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the notifications that the client got, in order of arrival."""
        return [int(packet[7:-1]) for packet in self.socket.written if packet.startswith(b'42["n"')]


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


class TestReplay:
    def test_replay_sends_what_followed_the_offset_in_order(self, scenario: Scenario) -> None:
        for _ in range(3):
            scenario.append()

        scenario.connect("1-0")

        assert scenario.numbers == [2, 3]

    def test_replay_without_an_offset_sends_nothing_but_later_pushes_arrive(self, scenario: Scenario) -> None:
        scenario.append()

        scenario.connect()
        scenario.deliver(scenario.append())

        assert scenario.numbers == [2]

    def test_push_during_the_replay_arrives_once_and_after_it(self, scenario: Scenario) -> None:
        first, second = scenario.append(), scenario.append()
        scenario.delivery.open_cursor(SID, EIO_SID, claims_of(USER), CLIENT)
        scenario.deliver(first)
        scenario.deliver(second)
        scenario.delivery.replay(SID, EMPTY, scenario.history.read_after(USER, EMPTY))
        third = scenario.append()
        scenario.deliver(third)
        assert scenario.numbers == [1, 2]

        scenario.delivery.go_live(SID)

        assert scenario.numbers == [1, 2, 3]

    def test_replay_without_a_history_sends_nothing_but_later_pushes_arrive(self, scenario: Scenario) -> None:
        scenario.append()
        scenario.delivery.open_cursor(SID, EIO_SID, claims_of(USER), CLIENT)

        assert scenario.delivery.replay(SID, EMPTY, None)

        scenario.delivery.go_live(SID)
        scenario.deliver(scenario.append())
        assert scenario.numbers == [2]

    def test_replay_sends_nothing_to_a_client_that_has_disconnected(self, scenario: Scenario) -> None:
        scenario.append()
        scenario.delivery.open_cursor(SID, EIO_SID, claims_of(USER), CLIENT)
        scenario.delivery.close_cursor(SID)

        assert not scenario.delivery.replay(SID, EMPTY, scenario.history.read_after(USER, EMPTY))
        assert scenario.numbers == []


class TestLivePushes:
    def test_repeated_push_is_dropped(self, scenario: Scenario) -> None:
        scenario.connect(EMPTY)
        push = scenario.append()

        scenario.deliver(push)
        scenario.deliver(push)

        assert scenario.numbers == [1]

    def test_lost_push_is_read_from_the_history_and_sent_before_later_ones(self, scenario: Scenario) -> None:
        scenario.connect(EMPTY)
        scenario.append()

        scenario.deliver(scenario.append())
        settle()

        assert scenario.numbers == [1, 2]

    def test_swapped_pushes_arrive_once_and_in_order(self, scenario: Scenario) -> None:
        scenario.connect(EMPTY)
        first, second = scenario.append(), scenario.append()

        scenario.deliver(second)
        scenario.deliver(first)
        settle()

        assert scenario.numbers == [1, 2]

    def test_catch_up_sends_what_was_pushed_while_the_subscription_was_down(self, scenario: Scenario) -> None:
        scenario.connect(EMPTY)
        scenario.append()
        scenario.append()

        scenario.delivery.catch_up_all()
        settle()

        assert scenario.numbers == [1, 2]

    def test_catch_up_sends_the_unread_count(self, scenario: Scenario) -> None:
        scenario.connect(EMPTY)

        scenario.delivery.catch_up_all()
        settle()

        assert scenario.socket.written == [b'42["unread",{"count":5}]']

    def test_catch_up_reads_nothing_for_a_socket_that_has_disconnected(self, scenario: Scenario) -> None:
        scenario.connect(EMPTY)
        scenario.append()
        scenario.deliver(scenario.append())

        assert scenario.delivery.close_cursor(SID) == USER
        settle()

        assert scenario.numbers == []
        assert scenario.history.reads == 0

    def test_push_without_an_offset_arrives_at_once(self, scenario: Scenario) -> None:
        scenario.connect(EMPTY)

        scenario.deliver(PreparedMessage(b"", b"", b'42["n",9]'))

        assert scenario.numbers == [9]


class TestDisconnect:
    def test_socket_whose_gap_is_not_in_the_history_is_closed(self, scenario: Scenario) -> None:
        scenario.connect(EMPTY)
        scenario.deliver(scenario.append())
        scenario.append()
        del scenario.history.entries[0]

        scenario.delivery.catch_up_all()
        settle()

        assert scenario.socket.is_closed

    def test_socket_with_an_empty_history_is_closed_when_redis_has_lost_its_data(self, scenario: Scenario) -> None:
        scenario.connect(EMPTY)
        scenario.replays.counts = {}

        scenario.delivery.catch_up_all()
        settle()

        assert scenario.socket.is_closed

    def test_socket_that_connected_without_a_history_is_closed_at_catch_up(self, scenario: Scenario) -> None:
        scenario.delivery.open_cursor(SID, EIO_SID, claims_of(USER), CLIENT)
        scenario.delivery.replay(SID, EMPTY, None)
        scenario.delivery.go_live(SID)

        scenario.delivery.catch_up_all()
        settle()

        assert scenario.socket.is_closed

    @pytest.mark.parametrize(("size", "most"), [(10, MAX_WAITING_FRAMES), (100_000, 11)])
    def test_socket_is_closed_when_it_holds_too_many_pushes(self, scenario: Scenario, size: int, most: int) -> None:
        before = metrics.DISCONNECTED.labels("history")._value.get()
        scenario.delivery.open_cursor(SID, EIO_SID, claims_of(USER), CLIENT)

        for number in range(most + 5):
            scenario.deliver(PreparedMessage(b"0-0", b"%d-0" % number, bytes(size)))
        settle()

        assert scenario.socket.is_closed
        assert metrics.DISCONNECTED.labels("history")._value.get() == before + 1


class TestFailingSocket:
    """A socket that fails is closed, and the other sockets go on."""

    @pytest.fixture
    def neighbour(self, scenario: Scenario) -> FakeSocket:
        """Another socket of the same user, after the broken one in every loop."""
        socket = scenario.sio.eio.sockets["neighbour"] = FakeSocket()
        scenario.connect(EMPTY)
        scenario.delivery.open_cursor("neighbour", "neighbour", claims_of(USER), CLIENT)
        scenario.delivery.replay("neighbour", EMPTY, scenario.history.read_after(USER, EMPTY))
        scenario.delivery.go_live("neighbour")
        scenario.socket.is_broken = True
        return socket

    def test_socket_that_fails_in_a_room_is_closed_and_its_neighbour_gets_the_push(
        self, scenario: Scenario, neighbour: FakeSocket
    ) -> None:
        push = scenario.append()

        scenario.delivery.deliver([(SID, EIO_SID), ("neighbour", "neighbour")], push)
        settle()

        assert (scenario.socket.is_closed, neighbour.is_closed) == (True, False)
        assert neighbour.written == [push.packet]

    def test_socket_without_a_cursor_that_fails_is_closed_and_its_neighbour_gets_the_push(
        self, scenario: Scenario, neighbour: FakeSocket
    ) -> None:
        scenario.delivery.close_cursor(SID)
        scenario.sio.manager.eio_sid_from_sid = lambda _sid, _namespace: EIO_SID

        scenario.delivery.deliver([(SID, EIO_SID), ("neighbour", "neighbour")], PreparedMessage(b"", b"", b'42["n",9]'))
        settle()

        assert (scenario.socket.is_closed, neighbour.written) == (True, [b'42["n",9]'])

    def test_socket_that_fails_at_catch_up_is_closed_and_its_neighbour_catches_up(
        self, scenario: Scenario, neighbour: FakeSocket
    ) -> None:
        push = scenario.append()

        scenario.delivery.catch_up_all()
        settle()

        assert (scenario.socket.is_closed, neighbour.is_closed) == (True, False)
        assert neighbour.written[0] == push.packet

    def test_sockets_are_closed_when_the_history_fails_with_an_unexpected_error(
        self, scenario: Scenario, neighbour: FakeSocket
    ) -> None:
        scenario.history.error = AttributeError("unexpected")
        scenario.append()

        scenario.delivery.catch_up_all()
        settle()

        assert neighbour.is_closed


class TestNewHistory:
    def test_push_of_a_new_history_with_a_smaller_offset_is_not_dropped_as_a_repeat(self, scenario: Scenario) -> None:
        scenario.connect(EMPTY)
        scenario.deliver(PreparedMessage(EMPTY.encode(), b"18446744073709551615-18446744073709551615", b'42["n",9]'))
        settle()

        scenario.deliver(scenario.append())
        settle()

        assert scenario.numbers == [9]
        assert scenario.socket.is_closed

    def test_push_that_the_replay_has_sent_causes_no_catch_up(self, scenario: Scenario) -> None:
        push = scenario.append()
        scenario.delivery.open_cursor(SID, EIO_SID, claims_of(USER), CLIENT)
        scenario.deliver(push)
        scenario.delivery.replay(SID, EMPTY, scenario.history.read_after(USER, EMPTY))

        scenario.delivery.go_live(SID)
        settle()

        assert (scenario.numbers, scenario.history.reads) == ([1], 0)
