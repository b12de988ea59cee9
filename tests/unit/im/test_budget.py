"""What is spent has to be earned again, and a client that goes on without it is known as one that floods."""

import eventlet

from im.budget import MESSAGES_AT_ONCE, MOST_PAUSES, Bucket, Budget, Verdict

TOO_MUCH = MESSAGES_AT_ONCE + 100


def test_a_bucket_is_full_at_first_and_filled_with_time() -> None:
    bucket = Bucket()
    assert bucket.take(5, a_second=1000, at_once=5) >= 0
    assert bucket.take(100, a_second=1000, at_once=5) < 0

    eventlet.sleep(0.11)

    assert bucket.take(1, a_second=1000, at_once=5) >= 0


def test_what_a_client_has_queued_while_it_was_away_costs_no_pause() -> None:
    budget = Budget()
    assert not any(budget.spend(1, 100) for _ in range(MESSAGES_AT_ONCE // 2))


def test_long_messages_count_as_many() -> None:
    assert Budget().spend(1, 1024 * TOO_MUCH)


def test_who_goes_on_after_every_pause_is_flooding() -> None:
    budget = Budget()
    for _ in range(MOST_PAUSES):
        assert budget.spend(TOO_MUCH, 0) is Verdict.PAUSE
    assert budget.spend(TOO_MUCH, 0) is Verdict.CLOSE


def test_who_has_earned_what_it_owed_starts_anew() -> None:
    budget = Budget()
    for _ in range(MOST_PAUSES + 1):
        budget.spend(TOO_MUCH, 0)
    assert budget.spend(-TOO_MUCH * MOST_PAUSES * 2, 0) is None
    assert budget.spend(TOO_MUCH, 0) is Verdict.PAUSE
