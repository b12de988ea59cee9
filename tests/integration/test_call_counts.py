"""Several API processes count the calls of a client together."""

from redis import Redis

from app.api.call_counts import FIRST_CALLS, CallCounts


def test_processes_count_together_what_follows_the_first_calls(redis: Redis) -> None:
    first, second = (CallCounts("redis://", redis.connection_pool, "limits") for _ in range(2))
    for process in (first, second):
        for _ in range(FIRST_CALLS - 1):
            process.incr("ann", 60)
    assert redis.keys("limits:*") == []

    assert first.incr("ann", 60) == FIRST_CALLS
    assert second.incr("ann", 60) == 2 * FIRST_CALLS
    assert first.incr("ann", 60) == 2 * FIRST_CALLS + 1
    assert 0 < redis.ttl("limits:ann") <= 60
