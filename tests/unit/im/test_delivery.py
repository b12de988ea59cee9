"""Each socket gets its user's notifications in order and without holes, whatever the message queue did to them."""

import pytest

from app.history import EMPTY
from im import metrics
from im.backlog import MOST_FRAMES
from im.delivery import Delivery
from im.seats import Push
from tests.unit.im.fakes import FakeReplays, FakeSio, FakeSocket, settle

SID, EIO_SID, USER = "sid", "eio", 7


class Story:
    """One socket, and a history to which notifications 1, 2, 3 ... are appended."""

    def __init__(self) -> None:
        self.sio = FakeSio()
        self.replays = FakeReplays()
        self.replays.counts = {USER: 5}
        self.history = self.replays.history
        self.socket = self.sio.eio.sockets[EIO_SID] = FakeSocket()
        self.delivery = Delivery(self.sio, self.replays)

    def append(self) -> Push:
        """Append one more notification, and return its push."""
        previous = self.history.entries[-1][0] if self.history.entries else EMPTY
        number = len(self.history.entries) + 1
        offset = f"{number}-0"
        push = Push(previous.encode(), offset.encode(), b'42["n",%d]' % number)
        self.history.entries.append((offset, push.packet))
        return push

    def deliver(self, push: Push) -> None:
        self.delivery.deliver([(SID, EIO_SID)], push)

    def connect(self, last_offset: str | None = None) -> None:
        self.delivery.take_seat(SID, EIO_SID, USER)
        self.delivery.replay(SID, last_offset, self.history.read_after(USER, last_offset))
        self.delivery.begin(SID)

    @property
    def numbers(self) -> list[int]:
        """The notifications that the client got, as they came."""
        return [int(packet[7:-1]) for packet in self.socket.written if packet.startswith(b'42["n"')]


@pytest.fixture
def story() -> Story:
    return Story()


class TestReplay:
    def test_what_followed_the_clients_offset_comes_in_order(self, story: Story) -> None:
        for _ in range(3):
            story.append()

        story.connect("1-0")

        assert story.numbers == [2, 3]

    def test_without_an_offset_nothing_is_replayed_and_what_follows_comes(self, story: Story) -> None:
        story.append()

        story.connect()
        story.deliver(story.append())

        assert story.numbers == [2]

    def test_what_is_pushed_during_the_replay_comes_after_it_and_once(self, story: Story) -> None:
        first, second = story.append(), story.append()
        story.delivery.take_seat(SID, EIO_SID, USER)
        story.deliver(first)
        story.deliver(second)
        story.delivery.replay(SID, EMPTY, story.history.read_after(USER, EMPTY))
        third = story.append()
        story.deliver(third)
        assert story.numbers == [1, 2]

        story.delivery.begin(SID)

        assert story.numbers == [1, 2, 3]

    def test_a_history_that_is_away_replays_nothing_and_what_is_pushed_then_comes(self, story: Story) -> None:
        story.append()
        story.delivery.take_seat(SID, EIO_SID, USER)

        assert story.delivery.replay(SID, EMPTY, None)

        story.delivery.begin(SID)
        story.deliver(story.append())
        assert story.numbers == [2]

    def test_who_left_meanwhile_is_sent_nothing(self, story: Story) -> None:
        story.append()
        story.delivery.take_seat(SID, EIO_SID, USER)
        story.delivery.leave_seat(SID)

        assert not story.delivery.replay(SID, EMPTY, story.history.read_after(USER, EMPTY))
        assert story.numbers == []


class TestLivePushes:
    def test_a_repeat_is_dropped(self, story: Story) -> None:
        story.connect(EMPTY)
        push = story.append()

        story.deliver(push)
        story.deliver(push)

        assert story.numbers == [1]

    def test_a_lost_one_is_read_from_the_history_before_those_after_it(self, story: Story) -> None:
        story.connect(EMPTY)
        story.append()

        story.deliver(story.append())
        settle()

        assert story.numbers == [1, 2]

    def test_two_that_changed_places_come_in_order_and_once(self, story: Story) -> None:
        story.connect(EMPTY)
        first, second = story.append(), story.append()

        story.deliver(second)
        story.deliver(first)
        settle()

        assert story.numbers == [1, 2]

    def test_what_was_pushed_while_the_message_queue_was_not_heard_is_caught_up(self, story: Story) -> None:
        story.connect(EMPTY)
        story.append()
        story.append()

        story.delivery.catch_up_all()
        settle()

        assert story.numbers == [1, 2]

    def test_the_unread_count_may_have_changed_unheard_as_well(self, story: Story) -> None:
        story.connect(EMPTY)

        story.delivery.catch_up_all()
        settle()

        assert story.socket.written == [b'42["unread",{"count":5}]']

    def test_a_socket_that_left_gets_nothing_of_what_it_waited_for(self, story: Story) -> None:
        story.connect(EMPTY)
        story.append()
        story.deliver(story.append())

        assert story.delivery.leave_seat(SID) == USER
        settle()

        assert story.numbers == []
        assert story.history.reads == 0

    def test_a_push_that_has_no_place_in_a_history_comes_at_once(self, story: Story) -> None:
        story.connect(EMPTY)

        story.deliver(Push(b"", b"", b'42["n",9]'))

        assert story.numbers == [9]


class TestSentAway:
    def test_a_socket_whose_gap_is_not_covered_is_closed_so_that_it_comes_back(self, story: Story) -> None:
        story.connect(EMPTY)
        story.deliver(story.append())
        story.append()
        del story.history.entries[0]

        story.delivery.catch_up_all()
        settle()

        assert story.socket.is_closed

    def test_a_socket_of_an_empty_history_comes_back_where_redis_forgot_all(self, story: Story) -> None:
        story.connect(EMPTY)
        story.replays.counts = {}

        story.delivery.catch_up_all()
        settle()

        assert story.socket.is_closed

    def test_a_socket_that_came_while_the_history_was_away_comes_back(self, story: Story) -> None:
        story.delivery.take_seat(SID, EIO_SID, USER)
        story.delivery.replay(SID, EMPTY, None)
        story.delivery.begin(SID)

        story.delivery.catch_up_all()
        settle()

        assert story.socket.is_closed

    @pytest.mark.parametrize(("size", "most"), [(10, MOST_FRAMES), (100_000, 11)])
    def test_a_socket_whose_history_is_not_read_is_closed_before_too_much_is_held(
        self, story: Story, size: int, most: int
    ) -> None:
        before = metrics.SENT_AWAY.labels("history")._value.get()
        story.delivery.take_seat(SID, EIO_SID, USER)

        for number in range(most + 5):
            story.deliver(Push(b"0-0", b"%d-0" % number, bytes(size)))
        settle()

        assert story.socket.is_closed
        assert metrics.SENT_AWAY.labels("history")._value.get() == before + 1


class TestBroken:
    """A socket that fails is closed, and those beside it go on."""

    @pytest.fixture
    def neighbour(self, story: Story) -> FakeSocket:
        """Another socket of the same user, behind the broken one in every loop."""
        socket = story.sio.eio.sockets["neighbour"] = FakeSocket()
        story.connect(EMPTY)
        story.delivery.take_seat("neighbour", "neighbour", USER)
        story.delivery.replay("neighbour", EMPTY, story.history.read_after(USER, EMPTY))
        story.delivery.begin("neighbour")
        story.socket.is_broken = True
        return socket

    def test_in_a_room(self, story: Story, neighbour: FakeSocket) -> None:
        push = story.append()

        story.delivery.deliver([(SID, EIO_SID), ("neighbour", "neighbour")], push)
        settle()

        assert (story.socket.is_closed, neighbour.is_closed) == (True, False)
        assert neighbour.written == [push.packet]

    def test_in_a_room_without_a_seat(self, story: Story, neighbour: FakeSocket) -> None:
        story.delivery.leave_seat(SID)
        story.sio.manager.eio_sid_from_sid = lambda _sid, _namespace: EIO_SID

        story.delivery.deliver([(SID, EIO_SID), ("neighbour", "neighbour")], Push(b"", b"", b'42["n",9]'))
        settle()

        assert (story.socket.is_closed, neighbour.written) == (True, [b'42["n",9]'])

    def test_among_those_who_catch_up(self, story: Story, neighbour: FakeSocket) -> None:
        push = story.append()

        story.delivery.catch_up_all()
        settle()

        assert (story.socket.is_closed, neighbour.is_closed) == (True, False)
        assert neighbour.written[0] == push.packet

    def test_a_history_that_fails_unexpectedly_leaves_nobody_waiting(self, story: Story, neighbour: FakeSocket) -> None:
        story.history.error = AttributeError("unexpected")
        story.append()

        story.delivery.catch_up_all()
        settle()

        assert neighbour.is_closed


class TestBegunAnew:
    def test_a_history_whose_offsets_are_smaller_than_before_is_no_repeat(self, story: Story) -> None:
        story.connect(EMPTY)
        story.deliver(Push(EMPTY.encode(), b"18446744073709551615-18446744073709551615", b'42["n",9]'))
        settle()

        story.deliver(story.append())
        settle()

        assert story.numbers == [9]
        assert story.socket.is_closed

    def test_what_was_replayed_already_is_not_read_for_again(self, story: Story) -> None:
        push = story.append()
        story.delivery.take_seat(SID, EIO_SID, USER)
        story.deliver(push)
        story.delivery.replay(SID, EMPTY, story.history.read_after(USER, EMPTY))

        story.delivery.begin(SID)
        settle()

        assert (story.numbers, story.history.reads) == ([1], 0)
