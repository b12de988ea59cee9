"""The timers of a worker process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.timer import Timer
from tests.services import wait_until

SOON = (0.01, 0.02)


@contextmanager
def running(timer: Timer) -> Iterator[None]:
    timer.start()
    try:
        yield
    finally:
        timer.stop()


def test_timer_continues_after_an_exception() -> None:
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        raise ValueError("the database is away")

    with running(Timer("looking", look, pause_seconds=SOON)):
        wait_until(lambda: len(looks) > 3, seconds=10, what="the timer has dispatched several times")


def test_timer_does_not_dispatch_while_a_task_runs() -> None:
    looks: list[int] = []
    timer = Timer("looking", lambda: looks.append(1), pause_seconds=SOON)

    with timer.exclusive():
        timer.start()
        threading.Event().wait(0.2)
        assert looks == []

    timer.stop()


def test_timer_skips_a_round_after_a_task_dispatched() -> None:
    looks: list[int] = []
    timer = Timer("looking", lambda: looks.append(1), pause_seconds=(0.5, 0.5))

    with running(timer):
        for _ in range(20):
            with timer.working():
                pass
            threading.Event().wait(0.05)

    assert looks == []


def test_timer_dispatches_although_other_tasks_run_all_the_time() -> None:
    looks: list[int] = []
    timer = Timer("looking", lambda: looks.append(1), pause_seconds=(0.1, 0.1))

    with running(timer):
        for _ in range(40):
            with timer.exclusive():
                pass
            threading.Event().wait(0.02)

    assert looks
