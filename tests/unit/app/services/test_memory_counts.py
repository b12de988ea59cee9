"""Counts in a process, which all its threads use while Redis is unavailable."""

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.services.memory_counts import MemoryCounts

THREADS = 8
MOST = 100


@pytest.fixture
def changing_threads() -> Iterator[None]:
    """Let Python change threads as often as it can, so that they meet in each other's calls."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_count_ends() -> None:
    counts = MemoryCounts(MOST)
    counts.incr("ann", 3600)
    counts.incr("bob", 0)

    assert (counts.get("ann"), counts.get("bob"), counts.get("eve")) == (1, 0, 0)
    assert counts.incr("bob", 3600) == 1


def test_end_is_that_of_the_first_one() -> None:
    counts = MemoryCounts(MOST)
    counts.incr("ann", 60)
    counts.incr("ann", 3600)

    assert counts.get_expiry("ann") == pytest.approx(time.time() + 60, abs=30)
    assert counts.get_expiry("bob") == pytest.approx(time.time(), abs=30)


def test_count_begins_anew_when_it_is_cleared() -> None:
    counts = MemoryCounts(MOST)
    counts.incr("ann", 60)
    counts.clear("ann")
    counts.clear("nobody")

    assert counts.incr("ann", 60) == 1


def test_memory_is_bounded_and_the_oldest_goes() -> None:
    counts = MemoryCounts(most=3)
    for key in "abcde":
        counts.incr(key, 60)

    assert len(counts) == 3
    assert [counts.get(key) for key in "abcde"] == [0, 0, 1, 1, 1]


def test_threads_count_together(changing_threads: None) -> None:
    counts = MemoryCounts(MOST)
    together = threading.Barrier(THREADS)

    def count(own: str) -> None:
        together.wait()
        for _ in range(500):
            counts.incr("all", 60)
            counts.incr(own, 60)
            counts.clear(own)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(count, [f"thread {n}" for n in range(THREADS)]))

    assert counts.get("all") == THREADS * 500
    assert len(counts) == 1
