"""As much may wait for one client on any transport; batches are let in whole, and the gauges are right."""

from collections.abc import Iterator

import pytest
from engineio.packet import MESSAGE, Packet

from im import metrics
from im.backlog import MOST_BYTES, MOST_FRAMES, Backlog, Queue


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


@pytest.mark.parametrize(("size", "most"), [(1, MOST_FRAMES), (MOST_BYTES // 4, 4), (MOST_BYTES, 1)])
def test_it_is_full_by_frames_and_by_bytes(backlog: Backlog, size: int, most: int) -> None:
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


def test_a_batch_is_allowed_for_until_nothing_waits(backlog: Backlog) -> None:
    fill(backlog, 5 * MOST_BYTES)
    assert not backlog.is_full
    backlog.add(MOST_BYTES)
    assert backlog.is_full

    backlog.clear()
    backlog.add(MOST_BYTES)

    assert backlog.is_full


def test_a_second_batch_behind_a_large_one_counts(backlog: Backlog) -> None:
    fill(backlog, MOST_BYTES)
    fill(backlog, MOST_BYTES)
    assert backlog.is_full


@pytest.mark.parametrize(
    ("data", "size"), [("abc", 3), ("\u65b0", 3), (b"abc", 3), ({"a": 1}, 0), (None, 0), ("\ud800", 1)]
)
def test_a_queue_counts_what_a_packet_carries(data: object, size: int) -> None:
    queue = Queue()
    queue.put(Packet(MESSAGE, data))
    queue.put(None)

    assert (queue.backlog.count, queue.backlog.size) == (2, size)
    queue.get()
    queue.get()
    assert (queue.backlog.count, queue.backlog.size) == (0, 0)


def test_what_a_client_left_behind_is_not_counted_but_can_be_got() -> None:
    queue = Queue()
    for data in ("a", "b"):
        queue.put(Packet(MESSAGE, data))

    queue.forget()
    queue.put(Packet(MESSAGE, "c"))

    assert queue.backlog.count == 0
    assert [queue.get().data for _ in range(3)] == ["a", "b", "c"]


def test_what_is_dropped_is_gone_and_nobody_waits_for_it() -> None:
    queue = Queue()
    queue.put(Packet(MESSAGE, "a"))

    queue.drop()

    assert queue.empty()
    queue.join()
