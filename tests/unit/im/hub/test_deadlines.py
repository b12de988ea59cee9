"""A session that misses its deadline is reported once, and no other session is."""

import pytest

from im.hub.deadlines import Deadlines
from im.hub.timer_wheel import TimerWheel
from im.transport.connect_limits import ConnectLimits


class Clock:
    def __init__(self) -> None:
        self.wheel = TimerWheel(tick_seconds=1, longest_seconds=30)
        self.late: list[str] = []

    def pass_seconds(self, seconds: int) -> None:
        for _ in range(seconds):
            for timed in self.wheel.tick():
                timed.on_due()


@pytest.fixture
def clock() -> Clock:
    return Clock()


class TestDeadlines:
    @pytest.fixture
    def deadlines(self, clock: Clock) -> Deadlines:
        return Deadlines(clock.wheel, seconds=5, on_late=clock.late.append)

    def test_session_that_is_late_is_reported_once(self, clock: Clock, deadlines: Deadlines) -> None:
        deadlines.start("ann")
        clock.pass_seconds(4)
        assert clock.late == []
        clock.pass_seconds(20)
        assert (clock.late, len(deadlines), len(clock.wheel)) == (["ann"], 0, 0)

    def test_session_that_is_in_time_is_not_reported(self, clock: Clock, deadlines: Deadlines) -> None:
        deadlines.start("ann")
        assert "ann" in deadlines
        deadlines.stop("ann")
        deadlines.stop("bob")
        clock.pass_seconds(20)
        assert (clock.late, len(deadlines), len(clock.wheel)) == ([], 0, 0)

    def test_start_again_gives_the_full_time(self, clock: Clock, deadlines: Deadlines) -> None:
        deadlines.start("ann")
        clock.pass_seconds(4)
        deadlines.start("ann")
        clock.pass_seconds(4)
        assert clock.late == []

    def test_deadline_that_another_call_of_the_same_tick_stops_is_not_reported(self, clock: Clock) -> None:
        deadlines = Deadlines(clock.wheel, seconds=5, on_late=lambda _: deadlines.stop("ann") or deadlines.stop("bob"))
        deadlines.start("ann")
        deadlines.start("bob")
        clock.pass_seconds(20)
        assert len(deadlines) == 0


class TestConnects:
    @pytest.fixture
    def connects(self, clock: Clock) -> ConnectLimits:
        return ConnectLimits(clock.wheel, seconds=15, on_late=clock.late.append)

    def test_time_to_connect_is_not_extended_by_other_messages(self, clock: Clock, connects: ConnectLimits) -> None:
        connects.expect("ann")
        for _ in range(20):
            connects.expect("ann") if not clock.late else None
            clock.pass_seconds(1)
        assert clock.late == ["ann"]

    def test_session_that_connected_has_no_deadline(self, clock: Clock, connects: ConnectLimits) -> None:
        connects.expect("ann")
        connects.stop_expecting("ann")
        clock.pass_seconds(30)
        assert (clock.late, connects.expected) == ([], 0)

    def test_session_can_connect_again_a_few_times(self, connects: ConnectLimits) -> None:
        answers = []
        for _ in range(10):
            answers.append(connects.admit("ann"))
            connects.charge_next("ann")
        assert answers == [True] * 6 + [False] * 4
        assert connects.admit("bob")

    def test_session_that_ended_leaves_nothing(self, clock: Clock, connects: ConnectLimits) -> None:
        connects.expect("ann")
        for _ in range(10):
            connects.charge_next("ann")
            connects.admit("ann")
        connects.forget("ann")
        assert connects.admit("ann")
        clock.pass_seconds(30)
        assert clock.late == []
