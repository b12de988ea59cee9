"""The limits on what waits for a client are the same on any transport. A batch is accepted as a whole."""

from collections.abc import Iterator

import pytest
from engineio.packet import MESSAGE, Packet

from im import metrics
from im.transport.send_limits import MAX_WAITING_BYTES, MAX_WAITING_FRAMES, Backlog, Queue


@pytest.fixture(autouse=True)
def gauges_are_right() -> Iterator[None]:
    before = metrics.HOT.waiting_frames, metrics.HOT.waiting_bytes
    yield
    assert (metrics.HOT.waiting_frames, metrics.HOT.waiting_bytes) == before


@pytest.fixture
def backlog() -> Iterator[Backlog]:
    backlog = Backlog()
    yield backlog
    backlog.clear()


@pytest.mark.parametrize(
    ("size", "most"), [(1, MAX_WAITING_FRAMES), (MAX_WAITING_BYTES // 4, 4), (MAX_WAITING_BYTES, 1)]
)
def test_backlog_is_full_by_frames_or_by_bytes(backlog: Backlog, size: int, most: int) -> None:
    for _ in range(most):
        assert not backlog.is_full
        backlog.add(size)
    assert backlog.is_full
    backlog.remove(1, size)
    assert not backlog.is_full


def fill(backlog: Backlog, size: int) -> None:
    backlog.begin_batch()
    backlog.add(size)
    backlog.end_batch()


def test_batch_does_not_count_until_nothing_waits(backlog: Backlog) -> None:
    fill(backlog, 5 * MAX_WAITING_BYTES)
    assert not backlog.is_full
    backlog.add(MAX_WAITING_BYTES)
    assert backlog.is_full

    backlog.clear()
    backlog.add(MAX_WAITING_BYTES)

    assert backlog.is_full


def test_second_batch_after_a_large_one_counts(backlog: Backlog) -> None:
    fill(backlog, MAX_WAITING_BYTES)
    fill(backlog, MAX_WAITING_BYTES)
    assert backlog.is_full


@pytest.mark.parametrize(
    ("data", "size"), [("abc", 3), ("\u65b0", 3), (b"abc", 3), ({"a": 1}, 0), (None, 0), ("\ud800", 1)]
)
def test_queue_counts_the_size_of_the_data_of_a_packet(data: object, size: int) -> None:
    queue = Queue()
    queue.put(Packet(MESSAGE, data))
    queue.put(None)

    assert (queue.backlog.count, queue.backlog.size) == (2, size)
    queue.get()
    queue.get()
    assert (queue.backlog.count, queue.backlog.size) == (0, 0)


def test_packets_after_stop_counting_are_not_counted_and_can_be_taken() -> None:
    queue = Queue()
    for data in ("a", "b"):
        queue.put(Packet(MESSAGE, data))

    queue.stop_counting()
    queue.put(Packet(MESSAGE, "c"))

    assert queue.backlog.count == 0
    assert [queue.get().data for _ in range(3)] == ["a", "b", "c"]


def test_dropped_queue_is_empty_and_join_returns() -> None:
    queue = Queue()
    queue.put(Packet(MESSAGE, "a"))

    queue.drop()

    assert queue.empty()
    queue.join()
