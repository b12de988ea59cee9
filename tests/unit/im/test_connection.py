"""A websocket at rest: what is written comes out whole and in order, and nobody waits for a slow client."""

import os
import socket
import time
from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
from eventlet import hubs

from im import connection as connections
from im import frames, metrics
from im.backlog import MOST_FRAMES
from im.budget import MESSAGES_AT_ONCE, MOST_PAUSES
from im.connection import Connection
from im.turns import Turns
from im.wheel import Wheel
from tests.unit.im.test_frames import masked

TEXT = masked(frames.TEXT, b"hello")


class Owner:
    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.gone = 0

    def on_message(self, payload: str | bytes) -> None:
        self.messages.append(payload)

    def on_gone(self) -> None:
        self.gone += 1


class Line:
    """A connection, and the client at its other end, whose socket does not wait."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.client = socket.create_connection(listener.getsockname())
            self.client.setblocking(False)
            served, _ = listener.accept()
        with served:
            self.owner, self.wheel, self.turns = Owner(), Wheel(tick_seconds=1, longest_seconds=30), Turns()
            self.connection = Connection(served, self.owner, limit=1000, shared=self)
        self.fileno = self.connection.fileno

    def until(self, is_so: Any) -> None:
        deadline = time.monotonic() + 10
        while not is_so():
            assert time.monotonic() < deadline
            eventlet.sleep(0.001)

    def read(self, size: int) -> bytes:
        """Read as much as is asked for, or up to the end."""
        data = b""
        deadline = time.monotonic() + 10
        while len(data) < size and time.monotonic() < deadline:
            eventlet.sleep(0)
            try:
                more = self.client.recv(65536)
            except BlockingIOError:
                continue
            if not more:
                break
            data += more
        return data

    def clog(self) -> int:
        """Write until something has to wait; return how many bytes were written."""
        frame, written = b"x" * 10_000, 0
        while not self.connection.waiting:
            self.connection.write(frame)
            written += len(frame)
        return written

    def pass_seconds(self, seconds: int) -> None:
        for _ in range(seconds):
            for timed in self.wheel.tick():
                timed.on_due()

    @property
    def is_watched(self) -> bool:
        hub = hubs.get_hub()
        return self.fileno in hub.listeners[hub.READ] or self.fileno in hub.listeners[hub.WRITE]


def another_socket_at(fileno: int) -> socket.socket:
    """Give a new socket the number of a descriptor, which is closed if it is open, whatever other numbers are free."""
    another = socket.socket()
    if another.fileno() == fileno:
        return another
    with another:
        os.dup2(another.fileno(), fileno)
    return socket.socket(fileno=fileno)


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    with line.client:
        yield line
        line.connection.drop()


class TestReading:
    def test_messages_come_in_order_however_they_are_sent(self, line: Line) -> None:
        line.client.send(masked(frames.TEXT, b"1") + masked(frames.TEXT, b"2") + masked(frames.BINARY, b"3")[:5])
        line.until(lambda: len(line.owner.messages) == 2)

        line.client.send(masked(frames.BINARY, b"3")[5:])

        line.until(lambda: len(line.owner.messages) == 3)
        assert line.owner.messages == ["1", "2", b"3"]

    def test_a_ping_is_answered(self, line: Line) -> None:
        line.client.send(masked(frames.PING, b"abc"))
        assert line.read(5) == frames.encode(frames.PONG, b"abc")

    def test_while_it_is_paused_what_arrives_waits(self, line: Line) -> None:
        line.connection.pause()
        line.client.send(TEXT)
        for _ in range(20):
            eventlet.sleep(0.001)
        assert line.owner.messages == []

        line.connection.resume()

        line.until(lambda: line.owner.messages)

    def test_an_owner_that_fails_loses_its_client_and_the_hub_lives_on(self, line: Line) -> None:
        line.owner.on_message = lambda _payload: 1 / 0  # type: ignore[method-assign, assignment]
        line.client.send(TEXT)
        line.until(lambda: line.owner.gone)
        assert not line.is_watched


class TestShare:
    """One client's frames take a turn of the hub, and no more than its budget."""

    def test_a_turn_takes_so_many_frames_and_the_rest_waits_for_the_next(self, line: Line) -> None:
        taken: list[int] = []
        line.turns.spawn = lambda act: (taken.append(len(line.owner.messages)), Turns.spawn(line.turns, act))  # type: ignore[method-assign, assignment]
        line.client.send(TEXT * 300)

        line.until(lambda: len(line.owner.messages) == 300)

        assert taken == [connections._FRAMES_A_TURN * turn for turn in range(1, 5)]
        line.until(lambda: line.is_watched)

    def test_who_spends_its_budget_is_read_again_after_a_pause(self, line: Line) -> None:
        line.connection.spend(MESSAGES_AT_ONCE, 0)
        line.client.send(TEXT * 200)
        line.until(lambda: not line.is_watched)
        seen = len(line.owner.messages)
        for _ in range(20):
            eventlet.sleep(0.001)
        assert len(line.owner.messages) == seen < 200

        line.connection.spend(-MESSAGES_AT_ONCE, 0)
        line.pass_seconds(3)

        line.until(lambda: len(line.owner.messages) == 200)
        line.until(lambda: line.is_watched)

    def test_a_pause_lasts_while_there_is_another_reason_for_it(self, line: Line) -> None:
        line.connection.spend(MESSAGES_AT_ONCE, 0)
        line.client.send(TEXT * 200)
        line.until(lambda: not line.is_watched)
        seen = len(line.owner.messages)
        line.connection.pause()
        line.connection.spend(-MESSAGES_AT_ONCE, 0)
        line.pass_seconds(3)
        for _ in range(20):
            eventlet.sleep(0.001)
        assert len(line.owner.messages) == seen

        line.connection.resume()

        line.until(lambda: len(line.owner.messages) == 200)

    @pytest.mark.parametrize("frame", [TEXT, masked(frames.PING, b""), masked(frames.TEXT, b"", is_final=False)])
    def test_who_does_not_stop_is_told_why_it_is_closed(self, line: Line, frame: bytes) -> None:
        before = metrics.SENT_AWAY.labels("flood")._value.get()
        for _ in range(MOST_PAUSES):
            line.connection.spend(2 * MESSAGES_AT_ONCE, 0)

        line.client.send(frame)

        line.until(lambda: line.owner.gone)
        assert line.read(100).endswith(frames.encode_close(frames.BEYOND_LIMITS, "flood"))
        assert metrics.SENT_AWAY.labels("flood")._value.get() == before + 1


class TestEnd:
    @pytest.mark.parametrize("code", [None, 1000, 1001, 3005])
    def test_a_close_is_answered_with_the_same_code(self, line: Line, code: int | None) -> None:
        payload = b"" if code is None else code.to_bytes(2, "big")
        line.client.send(masked(frames.CLOSE, payload))

        assert line.read(100) == frames.encode(frames.CLOSE, payload)
        assert (line.owner.gone, line.is_watched) == (1, False)

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"\x81\x02hi", frames.PROTOCOL_ERROR),
            (masked(frames.TEXT, b"\xff"), frames.NOT_UTF8),
            (masked(frames.TEXT, bytes(1001)), frames.TOO_BIG),
            (masked(frames.CLOSE, b"\x03"), frames.PROTOCOL_ERROR),
        ],
    )
    def test_who_breaks_the_protocol_is_told_so_and_heard_no_more(self, line: Line, data: bytes, code: int) -> None:
        line.client.send(data + TEXT)
        assert line.read(4) == frames.encode_close(code)
        assert line.owner.gone
        line.client.send(TEXT)

        line.client.close()

        line.until(lambda: not line.connection.is_open)
        assert line.owner.messages == []

    def test_a_client_that_vanishes_is_gone_at_once(self, line: Line) -> None:
        line.client.close()
        line.until(lambda: line.owner.gone)
        assert not line.is_watched

    def test_finish_says_so_and_waits_for_the_other_side_but_not_for_ever(self, line: Line) -> None:
        line.connection.finish()
        line.connection.write(b"too late")
        line.client.send(TEXT)
        assert line.read(4) == frames.encode_close(frames.NORMAL)
        assert line.connection.is_open

        line.pass_seconds(8)

        assert (line.connection.is_open, line.is_watched, line.owner.messages) == (False, False, [])

    def test_a_descriptor_is_forgotten_before_its_number_belongs_to_another(self, line: Line) -> None:
        line.connection.drop()
        with another_socket_at(line.fileno) as next_one:
            assert next_one.fileno() == line.fileno
            line.connection.cb(line.fileno)
            line.connection.drop()
            line.connection.write(b"x")
            assert next_one.fileno() == line.fileno
            next_one.getsockname()
        assert not line.is_watched
        assert len(line.wheel) == 0

    @pytest.mark.parametrize("is_clogged", [False, True])
    def test_a_descriptor_that_was_closed_behind_its_back_is_left_to_its_new_owner(
        self, line: Line, is_clogged: bool
    ) -> None:
        if is_clogged:
            line.clog()
        with another_socket_at(line.fileno) as next_one:
            assert next_one.fileno() == line.fileno
            hubs.get_hub().mark_as_reopened(line.fileno)
            eventlet.sleep(0)
            next_one.getsockname()
        assert (line.owner.gone, line.is_watched) == (1, False)

    def test_the_socket_of_the_http_server_may_go(self, line: Line) -> None:
        """The line's own was closed when it was made."""
        line.connection.write(b"abc")
        assert line.read(3) == b"abc"


class TestBatch:
    def test_what_is_kept_comes_at_once_and_in_order(self, line: Line) -> None:
        with line.connection.batch():
            for i in range(10):
                line.connection.write(b"%d" % i)
            with pytest.raises(BlockingIOError):
                line.client.recv(100)

        assert line.read(10) == b"0123456789"
        assert not line.connection.waiting

    def test_an_empty_one_sends_nothing(self, line: Line) -> None:
        with line.connection.batch():
            pass
        line.connection.write(b"next")
        assert line.read(4) == b"next"

    def test_behind_what_waits_for_a_slow_client(self, line: Line) -> None:
        written = line.clog()
        with line.connection.batch():
            line.connection.write(b"last")
        assert line.read(written + 4)[-4:] == b"last"

    @pytest.mark.parametrize(("size", "count"), [(5, 5000), (10_000, 1000)])
    def test_it_comes_whole_however_much_it_is(self, line: Line, size: int, count: int) -> None:
        frame = b"x" * size
        with line.connection.batch():
            for _ in range(count):
                line.connection.write(frame)
        line.connection.write(b"live")

        assert line.read(size * count + 4)[-6:] == b"xxlive"
        assert line.owner.gone == 0
        assert (metrics.HOT.waiting_frames, metrics.HOT.waiting_bytes) == (0, 0)

    def test_a_second_one_is_let_in_whole_only_when_the_first_has_gone(self, line: Line) -> None:
        for _ in range(2):
            with line.connection.batch():
                for _ in range(100):
                    line.connection.write(bytes(100_000))

        assert (line.owner.gone, line.connection.is_open) == (1, False)
        assert (metrics.HOT.waiting_frames, metrics.HOT.waiting_bytes) == (0, 0)


class TestSlowClients:
    def test_what_does_not_fit_waits_and_comes_whole_and_in_order(self, line: Line) -> None:
        written = line.clog()
        marks = [b"%06d" % i for i in range(900)]
        for mark in marks:
            line.connection.write(mark)
        assert metrics.HOT.waiting_frames >= 900

        data = line.read(written + 6 * 900)

        assert data == b"x" * written + b"".join(marks)
        line.until(lambda: not line.connection.waiting)
        assert (metrics.HOT.waiting_frames, metrics.HOT.waiting_bytes) == (0, 0)
        line.connection.write(b"at rest again")
        assert line.read(13) == b"at rest again"

    @pytest.mark.parametrize(("size", "most"), [(1, MOST_FRAMES), (100_000, 12)])
    def test_who_lets_too_much_wait_is_closed(self, line: Line, size: int, most: int) -> None:
        line.clog()
        before = metrics.SENT_AWAY.labels("slow")._value.get()

        for _ in range(most + 1):
            line.connection.write(b"x" * size)

        assert (line.owner.gone, line.connection.is_open, line.is_watched) == (1, False, False)
        assert metrics.SENT_AWAY.labels("slow")._value.get() == before + 1
        assert (metrics.HOT.waiting_frames, metrics.HOT.waiting_bytes) == (0, 0)

    def test_what_waits_is_still_sent_when_the_server_finishes(self, line: Line) -> None:
        written = line.clog()
        line.connection.finish()

        data = line.read(written + 4)

        assert data[written:] == frames.encode_close(frames.NORMAL)

    def test_what_waits_is_still_sent_when_the_client_closes_and_then_it_ends(self, line: Line) -> None:
        written = line.clog()
        line.client.send(masked(frames.CLOSE, b"\x03\xe8"))
        for _ in range(20):
            eventlet.sleep(0.001)

        data = line.read(written + 1000)

        assert data[written:] == frames.encode_close(1000)
        assert (line.owner.gone, line.is_watched) == (1, False)

    def test_a_client_that_vanishes_while_something_waits(self, line: Line) -> None:
        line.clog()
        line.client.close()
        line.until(lambda: line.owner.gone)
        assert (line.is_watched, metrics.HOT.waiting_frames) == (False, 0)
