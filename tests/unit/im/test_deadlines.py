"""Who does not do in time what it owes is named once, and nobody else is."""

import pytest

from im.connects import Connects
from im.deadlines import Deadlines
from im.wheel import Wheel


class Clock:
    def __init__(self) -> None:
        self.wheel = Wheel(tick_seconds=1, longest_seconds=30)
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

    def test_who_is_late_is_named_once(self, clock: Clock, deadlines: Deadlines) -> None:
        deadlines.start("ann")
        clock.pass_seconds(4)
        assert clock.late == []
        clock.pass_seconds(20)
        assert (clock.late, len(deadlines), len(clock.wheel)) == (["ann"], 0, 0)

    def test_who_is_in_time_is_not(self, clock: Clock, deadlines: Deadlines) -> None:
        deadlines.start("ann")
        assert "ann" in deadlines
        deadlines.stop("ann")
        deadlines.stop("bob")
        clock.pass_seconds(20)
        assert (clock.late, len(deadlines), len(clock.wheel)) == ([], 0, 0)

    def test_to_start_anew_gives_the_whole_time(self, clock: Clock, deadlines: Deadlines) -> None:
        deadlines.start("ann")
        clock.pass_seconds(4)
        deadlines.start("ann")
        clock.pass_seconds(4)
        assert clock.late == []

    def test_one_that_is_stopped_by_another_of_the_same_moment_is_not_late(self, clock: Clock) -> None:
        deadlines = Deadlines(clock.wheel, seconds=5, on_late=lambda _: deadlines.stop("ann") or deadlines.stop("bob"))
        deadlines.start("ann")
        deadlines.start("bob")
        clock.pass_seconds(20)
        assert len(deadlines) == 0


class TestConnects:
    @pytest.fixture
    def connects(self, clock: Clock) -> Connects:
        return Connects(clock.wheel, clock.late.append)

    def test_something_else_does_not_prolong_the_time(self, clock: Clock, connects: Connects) -> None:
        connects.expect("ann")
        for _ in range(20):
            connects.expect("ann") if not clock.late else None
            clock.pass_seconds(1)
        assert clock.late == ["ann"]

    def test_who_has_connected_has_all_the_time(self, clock: Clock, connects: Connects) -> None:
        connects.expect("ann")
        connects.stop_expecting("ann")
        clock.pass_seconds(30)
        assert (clock.late, connects.expected) == ([], 0)

    def test_a_session_may_connect_again_a_few_times_at_once(self, connects: Connects) -> None:
        answers = []
        for _ in range(10):
            answers.append(connects.admit("ann"))
            connects.charge_next("ann")
        assert answers == [True] * 6 + [False] * 4
        assert connects.admit("bob")

    def test_who_has_gone_is_forgotten(self, clock: Clock, connects: Connects) -> None:
        connects.expect("ann")
        for _ in range(10):
            connects.charge_next("ann")
            connects.admit("ann")
        connects.forget("ann")
        assert connects.admit("ann")
        clock.pass_seconds(30)
        assert clock.late == []
