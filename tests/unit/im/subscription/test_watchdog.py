"""A subscription is alive while it delivers messages."""

import pytest
from redis.exceptions import NoPermissionError

from im.subscription import watchdog as module
from im.subscription.watchdog import STALLED_SECONDS, Watchdog


class Clock:
    """The monotonic clock, set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_subscription_is_stalled_until_the_first_canary() -> None:
    watchdog = Watchdog()
    assert watchdog.is_stalled

    watchdog.on_canary(1)

    assert not watchdog.is_stalled


def test_any_message_shows_like_the_canary_that_the_subscription_is_alive() -> None:
    watchdog = Watchdog()
    watchdog.on_message()

    assert not watchdog.check()
    assert not watchdog.is_stalled


def test_stalled_subscription_is_renewed_at_most_once_in_six_seconds(clock: Clock) -> None:
    watchdog = Watchdog()
    watchdog.on_canary(1)
    clock.now += STALLED_SECONDS
    assert not watchdog.check()

    clock.now += 0.1

    assert watchdog.check()
    assert not watchdog.check()  # the new subscription has six seconds too
    renewals = []
    for _ in range(4):
        clock.now += 2
        renewals.append(watchdog.check())
    assert renewals == [False, False, False, True]


def test_fault_that_an_operator_has_to_fix_is_shown_until_the_next_canary() -> None:
    watchdog = Watchdog()
    watchdog.on_fault(NoPermissionError("NOPERM no rights"))
    assert "lacks rights" in str(watchdog.failure())

    watchdog.on_canary(1)

    assert watchdog.failure() is None


def test_missing_canary_renews_the_subscription_once() -> None:
    watchdog = Watchdog()
    for number in (7, 8, 10):
        watchdog.on_canary(number)

    assert [watchdog.check() for _ in range(4)] == [False, True, False, False]


def test_canaries_published_between_two_subscriptions_are_not_missed() -> None:
    watchdog = Watchdog()
    watchdog.on_canary(7)

    watchdog.on_subscribed()
    watchdog.on_canary(10)

    assert [watchdog.check(), watchdog.check()] == [False, False]


def test_canary_that_comes_a_little_late_is_not_missing() -> None:
    watchdog = Watchdog()
    for number in (7, 9):
        watchdog.on_canary(number)
    assert not watchdog.check()

    for number in (8, 10):
        watchdog.on_canary(number)

    assert [watchdog.check(), watchdog.check()] == [False, False]


def test_process_that_stood_still_subscribes_again(clock: Clock) -> None:
    watchdog = Watchdog()
    watchdog.on_canary(1)
    clock.now += STALLED_SECONDS + 0.1
    watchdog.on_message()

    assert [watchdog.check(), watchdog.check()] == [True, False]
