"""The first calls of a client are counted without Redis, which is unavailable here."""

import time

import pytest

from app.api.call_counts import FIRST_CALLS, CallCounts
from core.cache import RedisError, connect


@pytest.fixture
def counts() -> CallCounts:
    redis = connect("redis://127.0.0.1:1/0", timeout_seconds=1)
    return CallCounts("redis://", redis.connection_pool, "limits")


def test_first_calls_need_no_redis(counts: CallCounts) -> None:
    assert [counts.incr("ann", 60) for _ in range(FIRST_CALLS - 1)] == list(range(1, FIRST_CALLS))
    assert counts.incr("bob", 60) == 1

    with pytest.raises(RedisError):
        counts.incr("ann", 60)


def test_window_ends_for_the_first_calls_too(counts: CallCounts) -> None:
    now = time.time()
    counts.incr("ann", 60)

    assert now + 59 < counts.get_expiry("ann") <= time.time() + 60


def test_new_window_begins_at_one(counts: CallCounts) -> None:
    assert [counts.incr("ann", 0) for _ in range(3)] == [1, 1, 1]


def test_clients_of_whom_it_knows_are_bounded(counts: CallCounts) -> None:
    for number in range(20_001):
        counts.incr(f"client {number}", 60)

    assert counts.incr("client 1", 60) == 2
    assert counts.incr("client 0", 60) == 1
