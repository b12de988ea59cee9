"""A connection sends frames completely and in order, limits what it reads, and closes slow clients."""

import os
import socket
import time
from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
from eventlet import hubs

from im import metrics
from im.hub.admission import AdmissionQueue
from im.hub.rate_limit import BURST_SECONDS, MAX_CONSECUTIVE_PAUSES, ClientRate
from im.hub.timer_wheel import TimerWheel
from im.transport import connection as connections
from im.transport import frames
from im.transport.connection import Connection
from im.transport.send_limits import MAX_WAITING_FRAMES
from tests.unit.im.transport.test_frames import masked

TEXT = masked(frames.TEXT, b"hello")
RATE = ClientRate(messages_per_second=200, bytes_per_second=200 * 1024)
BURST = 200 * BURST_SECONDS


class Owner:
    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.gone = 0

    def on_message(self, payload: str | bytes) -> None:
        self.messages.append(payload)

    def on_end(self) -> None:
        self.gone += 1


class Line:
    """A connection and its client, whose socket does not block."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.client = socket.create_connection(listener.getsockname())
            self.client.setblocking(False)
            served, _ = listener.accept()
        with served:
            self.owner, self.wheel, self.admission = (
                Owner(),
                TimerWheel(tick_seconds=1, longest_seconds=30),
                AdmissionQueue(),
            )
            self.client_rate = RATE
            self.connection = Connection(served, self.owner, limit=1000, shared=self)
        self.fileno = self.connection.fileno

    def until(self, is_so: Any) -> None:
        deadline = time.monotonic() + 10
        while not is_so():
            assert time.monotonic() < deadline
            eventlet.sleep(0.001)

    def read(self, size: int) -> bytes:
        """Read `size` bytes, or up to the end of the stream."""
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
        """Write until a frame must wait; return how many bytes were written."""
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
    """Return a new socket that has the number of a descriptor. If the descriptor is open, close it first."""
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
    def test_messages_arrive_in_order_when_frames_are_cut_in_pieces(self, line: Line) -> None:
        line.client.send(masked(frames.TEXT, b"1") + masked(frames.TEXT, b"2") + masked(frames.BINARY, b"3")[:5])
        line.until(lambda: len(line.owner.messages) == 2)

        line.client.send(masked(frames.BINARY, b"3")[5:])

        line.until(lambda: len(line.owner.messages) == 3)
        assert line.owner.messages == ["1", "2", b"3"]

    def test_ping_frame_is_answered_with_the_same_payload(self, line: Line) -> None:
        line.client.send(masked(frames.PING, b"abc"))
        assert line.read(5) == frames.encode(frames.PONG, b"abc")

    def test_paused_connection_reads_messages_only_after_resume(self, line: Line) -> None:
        line.connection.pause()
        line.client.send(TEXT)
        for _ in range(20):
            eventlet.sleep(0.001)
        assert line.owner.messages == []

        line.connection.resume()

        line.until(lambda: line.owner.messages)

    def test_error_in_the_owner_closes_the_connection(self, line: Line) -> None:
        line.owner.on_message = lambda _payload: 1 / 0  # type: ignore[method-assign, assignment]
        line.client.send(TEXT)
        line.until(lambda: line.owner.gone)
        assert not line.is_watched


class TestFairness:
    """One client gets a part of each round of the hub, and no more than its budget."""

    def test_one_round_handles_a_limited_number_of_frames_and_the_rest_is_queued(self, line: Line) -> None:
        taken: list[int] = []
        line.admission.spawn = lambda act: (
            taken.append(len(line.owner.messages)),
            AdmissionQueue.spawn(line.admission, act),
        )  # type: ignore[method-assign, assignment]
        line.client.send(TEXT * 300)

        line.until(lambda: len(line.owner.messages) == 300)

        assert taken == [connections._MAX_FRAMES_PER_ROUND * turn for turn in range(1, 5)]
        line.until(lambda: line.is_watched)

    def test_client_that_spends_its_budget_is_read_again_after_a_pause(self, line: Line) -> None:
        line.connection.spend(BURST, 0, RATE)
        line.client.send(TEXT * 200)
        line.until(lambda: not line.is_watched)
        seen = len(line.owner.messages)
        for _ in range(20):
            eventlet.sleep(0.001)
        assert len(line.owner.messages) == seen < 200

        line.connection.spend(-BURST, 0, RATE)
        line.pass_seconds(3)

        line.until(lambda: len(line.owner.messages) == 200)
        line.until(lambda: line.is_watched)

    def test_pause_lasts_while_another_reason_for_it_exists(self, line: Line) -> None:
        line.connection.spend(BURST, 0, RATE)
        line.client.send(TEXT * 200)
        line.until(lambda: not line.is_watched)
        seen = len(line.owner.messages)
        line.connection.pause()
        line.connection.spend(-BURST, 0, RATE)
        line.pass_seconds(3)
        for _ in range(20):
            eventlet.sleep(0.001)
        assert len(line.owner.messages) == seen

        line.connection.resume()

        line.until(lambda: len(line.owner.messages) == 200)

    @pytest.mark.parametrize("frame", [TEXT, masked(frames.PING, b""), masked(frames.TEXT, b"", is_final=False)])
    def test_client_that_floods_gets_the_reason_in_the_close_frame(self, line: Line, frame: bytes) -> None:
        before = metrics.DISCONNECTED.labels("flood")._value.get()
        for _ in range(MAX_CONSECUTIVE_PAUSES):
            line.connection.spend(2 * BURST, 0, RATE)

        line.client.send(frame)

        line.until(lambda: line.owner.gone)
        assert line.client.recv(100).endswith(frames.encode_close(frames.POLICY_VIOLATION, "flood"))
        assert metrics.DISCONNECTED.labels("flood")._value.get() == before + 1


class TestEnd:
    @pytest.mark.parametrize("code", [None, 1000, 1001, 3005])
    def test_close_frame_is_answered_with_the_same_code(self, line: Line, code: int | None) -> None:
        payload = b"" if code is None else code.to_bytes(2, "big")
        line.client.send(masked(frames.CLOSE, payload))

        assert line.read(100) == frames.encode(frames.CLOSE, payload)
        assert (line.owner.gone, line.is_watched) == (1, False)

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"\x81\x02hi", frames.PROTOCOL_ERROR),
            (masked(frames.TEXT, b"\xff"), frames.INVALID_PAYLOAD),
            (masked(frames.TEXT, bytes(1001)), frames.MESSAGE_TOO_BIG),
            (masked(frames.CLOSE, b"\x03"), frames.PROTOCOL_ERROR),
        ],
    )
    def test_client_that_breaks_the_protocol_gets_a_code_and_is_not_read_any_more(
        self, line: Line, data: bytes, code: int
    ) -> None:
        line.client.send(data + TEXT)
        assert line.read(4) == frames.encode_close(code)
        assert line.owner.gone
        line.client.send(TEXT)

        line.client.close()

        line.until(lambda: line.connection.state == connections.CLOSED)
        assert line.owner.messages == []

    def test_connection_ends_when_the_client_closes_its_socket(self, line: Line) -> None:
        line.client.close()
        line.until(lambda: line.owner.gone)
        assert not line.is_watched

    def test_finish_sends_a_close_frame_and_closes_after_a_timeout(self, line: Line) -> None:
        line.connection.finish()
        line.connection.write(b"too late")
        line.client.send(TEXT)
        assert line.read(4) == frames.encode_close(frames.NORMAL_CLOSURE)
        assert line.connection.state == connections.CLOSING

        line.pass_seconds(8)

        assert (line.connection.state, line.is_watched, line.owner.messages) == (connections.CLOSED, False, [])

    def test_closed_connection_does_not_touch_a_new_socket_with_the_same_number(self, line: Line) -> None:
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
    def test_descriptor_that_somebody_else_closed_is_left_to_its_new_socket(self, line: Line, is_clogged: bool) -> None:
        if is_clogged:
            line.clog()
        with another_socket_at(line.fileno) as next_one:
            assert next_one.fileno() == line.fileno
            hubs.get_hub().mark_as_reopened(line.fileno)
            eventlet.sleep(0)
            next_one.getsockname()
        assert (line.owner.gone, line.is_watched) == (1, False)

    def test_connection_works_after_the_http_server_closed_its_socket(self, line: Line) -> None:
        """Line closes the original socket when it creates the connection."""
        line.connection.write(b"abc")
        assert line.read(3) == b"abc"


class TestStates:
    """A connection goes from OPEN to CLOSED and never back."""

    def test_close_frame_from_the_client_completes_finish(self, line: Line) -> None:
        line.connection.finish()
        assert line.connection.state == connections.CLOSING

        line.client.send(masked(frames.CLOSE, b"\x03\xe8"))

        line.until(lambda: line.connection.state == connections.CLOSED)
        assert line.read(100) == frames.encode_close(frames.NORMAL_CLOSURE)
        assert (line.owner.gone, len(line.wheel)) == (1, 0)

    def test_messages_after_a_close_frame_are_ignored(self, line: Line) -> None:
        line.client.send(masked(frames.CLOSE, b"\x03\xe8") + TEXT + b"not a frame")

        line.until(lambda: line.connection.state == connections.CLOSED)
        assert line.owner.messages == []

    def test_failed_connection_does_not_answer_a_close_frame(self, line: Line) -> None:
        line.connection.fail(frames.POLICY_VIOLATION, "flood")
        line.client.send(masked(frames.CLOSE, b"\x03\xe8") + TEXT)
        for _ in range(20):
            eventlet.sleep(0.001)

        assert (line.connection.state, line.owner.messages) == (connections.FAILED, [])
        line.pass_seconds(8)
        assert line.connection.state == connections.CLOSED
        assert line.read(100) == frames.encode_close(frames.POLICY_VIOLATION, "flood")

    def test_closing_connection_that_fails_sends_no_second_close_frame(self, line: Line) -> None:
        line.connection.finish()
        line.client.send(b"\x81\x02hi")

        line.until(lambda: line.connection.state == connections.FAILED)
        line.pass_seconds(8)
        assert line.read(100) == frames.encode_close(frames.NORMAL_CLOSURE)

    def test_flushing_connection_reads_nothing_and_does_not_fail(self, line: Line) -> None:
        line.clog()
        line.client.send(masked(frames.CLOSE, b"\x03\xe8"))
        line.until(lambda: line.connection.state == connections.FLUSHING)
        assert line.fileno not in hubs.get_hub().listeners[hubs.hub.READ]

        line.connection.fail(frames.PROTOCOL_ERROR)

        assert line.connection.state == connections.FLUSHING
        line.pass_seconds(8)
        assert (line.connection.state, line.is_watched) == (connections.CLOSED, False)

    def test_finish_over_a_broken_socket_closes_and_leaves_no_deadline(self, line: Line) -> None:
        line.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        line.client.close()  # resets the connection

        line.connection.finish()

        assert (line.connection.state, line.owner.gone, len(line.wheel)) == (connections.CLOSED, 1, 0)

    def test_closed_connection_stays_closed(self, line: Line) -> None:
        line.connection.drop()

        line.connection.finish()
        line.connection.fail(frames.PROTOCOL_ERROR)
        line.connection.pause()
        line.connection.resume()
        line.connection.on_due()
        line.connection.on_readable()
        with line.connection.batch():
            line.connection.write(b"x")

        assert (line.connection.state, line.is_watched, len(line.wheel)) == (connections.CLOSED, False, 0)


class TestBatch:
    def test_batch_sends_all_frames_in_order_at_its_end(self, line: Line) -> None:
        with line.connection.batch():
            for i in range(10):
                line.connection.write(b"%d" % i)
            with pytest.raises(BlockingIOError):
                line.client.recv(100)

        assert line.read(10) == b"0123456789"
        assert not line.connection.waiting

    def test_empty_batch_sends_nothing(self, line: Line) -> None:
        with line.connection.batch():
            pass
        line.connection.write(b"next")
        assert line.read(4) == b"next"

    def test_batch_to_a_slow_client_is_sent_after_what_waits(self, line: Line) -> None:
        written = line.clog()
        with line.connection.batch():
            line.connection.write(b"last")
        assert line.read(written + 4)[-4:] == b"last"

    @pytest.mark.parametrize(("size", "count"), [(5, 5000), (10_000, 1000)])
    def test_batch_of_any_size_is_sent_completely(self, line: Line, size: int, count: int) -> None:
        frame = b"x" * size
        with line.connection.batch():
            for _ in range(count):
                line.connection.write(frame)
        line.connection.write(b"live")

        assert line.read(size * count + 4)[-6:] == b"xxlive"
        assert line.owner.gone == 0
        assert (metrics.HOT.waiting_frames, metrics.HOT.waiting_bytes) == (0, 0)

    def test_second_large_batch_closes_a_client_that_has_not_read_the_first(self, line: Line) -> None:
        for _ in range(2):
            with line.connection.batch():
                for _ in range(100):
                    line.connection.write(bytes(100_000))

        assert (line.owner.gone, line.connection.state) == (1, connections.CLOSED)
        assert (metrics.HOT.waiting_frames, metrics.HOT.waiting_bytes) == (0, 0)


class TestSlowClients:
    def test_frames_that_the_socket_does_not_take_are_sent_later_in_order(self, line: Line) -> None:
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

    @pytest.mark.parametrize(("size", "most"), [(1, MAX_WAITING_FRAMES), (100_000, 12)])
    def test_slow_client_is_closed_when_too_many_frames_or_bytes_wait(self, line: Line, size: int, most: int) -> None:
        line.clog()
        before = metrics.DISCONNECTED.labels("slow")._value.get()

        for _ in range(most + 1):
            line.connection.write(b"x" * size)

        assert (line.owner.gone, line.connection.state, line.is_watched) == (1, connections.CLOSED, False)
        assert metrics.DISCONNECTED.labels("slow")._value.get() == before + 1
        assert (metrics.HOT.waiting_frames, metrics.HOT.waiting_bytes) == (0, 0)

    def test_finish_sends_the_frames_that_wait(self, line: Line) -> None:
        written = line.clog()
        line.connection.finish()

        data = line.read(written + 4)

        assert data[written:] == frames.encode_close(frames.NORMAL_CLOSURE)

    def test_close_frame_from_a_slow_client_is_answered_after_the_frames_that_wait(self, line: Line) -> None:
        written = line.clog()
        line.client.send(masked(frames.CLOSE, b"\x03\xe8"))
        for _ in range(20):
            eventlet.sleep(0.001)

        data = line.read(written + 1000)

        assert data[written:] == frames.encode_close(1000)
        assert (line.owner.gone, line.is_watched) == (1, False)

    def test_slow_client_that_closes_its_socket_leaves_nothing_in_the_gauges(self, line: Line) -> None:
        line.clog()
        line.client.close()
        line.until(lambda: line.owner.gone)
        assert (line.is_watched, metrics.HOT.waiting_frames) == (False, 0)
