"""A bucket fills with time, and a client that sends on without budget counts as a flood."""

import eventlet

from im.hub.rate_limit import BURST_SECONDS, MAX_CONSECUTIVE_PAUSES, Budget, ClientRate, TokenBucket, Verdict

RATE = ClientRate(messages_per_second=200, bytes_per_second=1000)
BURST = 200 * BURST_SECONDS
TOO_MUCH = BURST + 100


def test_bucket_is_full_at_first_and_fills_with_time() -> None:
    bucket = TokenBucket()
    assert bucket.take(5, per_second=1000, burst=5) >= 0
    assert bucket.take(100, per_second=1000, burst=5) < 0

    eventlet.sleep(0.11)

    assert bucket.take(1, per_second=1000, burst=5) >= 0


def test_bucket_that_is_empty_makes_no_debt_when_it_refuses() -> None:
    bucket = TokenBucket()

    assert [bucket.take_if_left(per_second=0.01, burst=2) for _ in range(9)] == [True, True] + [False] * 7

    assert bucket.take(0, per_second=0.01, burst=2) >= 0


def test_burst_of_messages_causes_no_pause() -> None:
    budget = Budget()
    assert not any(budget.spend(1, 0, RATE) for _ in range(BURST))
    assert budget.spend(BURST, 0, RATE) is Verdict.PAUSE


def test_bytes_cost_as_well() -> None:
    budget = Budget()
    assert budget.spend(0, 1000 * BURST_SECONDS, RATE) is None
    assert budget.spend(0, 1000 * BURST_SECONDS, RATE) is Verdict.PAUSE


def test_client_that_sends_on_after_every_pause_is_closed() -> None:
    budget = Budget()
    for _ in range(MAX_CONSECUTIVE_PAUSES):
        assert budget.spend(TOO_MUCH, 0, RATE) is Verdict.PAUSE
    assert budget.spend(TOO_MUCH, 0, RATE) is Verdict.CLOSE


def test_pauses_are_forgotten_when_the_budget_is_full_again() -> None:
    budget = Budget()
    for _ in range(MAX_CONSECUTIVE_PAUSES + 1):
        budget.spend(TOO_MUCH, 0, RATE)
    assert budget.spend(-TOO_MUCH * MAX_CONSECUTIVE_PAUSES * 2, 0, RATE) is None
    assert budget.spend(TOO_MUCH, 0, RATE) is Verdict.PAUSE
