"""Each deadline is called once and in time, independent of the others."""

import eventlet
from hypothesis import given
from hypothesis import strategies as st

from im.hub.timer_wheel import TimerWheel


class Alarm:
    def __init__(self) -> None:
        self.due = -1
        self.rung = 0

    def on_due(self) -> None:
        self.rung += 1


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 6), st.integers(0, 4)), max_size=40))
def test_deadline_is_called_once_and_at_most_two_ticks_late(steps: list[tuple[int, float, int]]) -> None:
    wheel, alarms = TimerWheel(tick_seconds=1, longest_seconds=6), [Alarm() for _ in range(6)]
    due_at: dict[Alarm, float] = {}
    now = 0
    for number, seconds, ticks in [*steps, (0, 6, 10)]:
        wheel.put(alarms[number], seconds)
        due_at[alarms[number]] = now + seconds
        for _ in range(ticks):
            now += 1
            for alarm in wheel.tick():
                assert due_at[alarm] <= now <= due_at[alarm] + 2
                del due_at[alarm]
    assert not due_at
    assert len(wheel) == 0


def test_removed_deadline_is_not_called() -> None:
    wheel, alarm = TimerWheel(tick_seconds=1, longest_seconds=3), Alarm()
    wheel.put(alarm, 1)

    wheel.remove(alarm)
    wheel.remove(alarm)

    assert [wheel.tick() for _ in range(6)] == [[]] * 6


def test_error_in_a_deadline_does_not_stop_the_wheel() -> None:
    class Broken(Alarm):
        def on_due(self) -> None:
            raise ValueError("broken")

    wheel, alarm = TimerWheel(tick_seconds=0.001, longest_seconds=1), Alarm()
    wheel.put(Broken(), 0)
    wheel.put(alarm, 0.01)
    turning = eventlet.spawn(wheel.run_for_ever)

    with eventlet.Timeout(5):
        while not alarm.rung:
            eventlet.sleep(0.001)

    turning.kill()
    assert alarm.rung == 1
