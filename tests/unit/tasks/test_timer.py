"""The timer by which a worker looks at the outbox."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.timer import OutboxTimer
from tests.services import wait_until

SOON = (0.01, 0.02)


@contextmanager
def running(timer: OutboxTimer) -> Iterator[None]:
    timer.start()
    try:
        yield
    finally:
        timer.stop()


def test_it_looks_again_and_again_whatever_a_look_raises() -> None:
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        raise ValueError("the database is away")

    with running(OutboxTimer(look, pause_seconds=SOON)):
        wait_until(lambda: len(looks) > 3, seconds=10, what="it has looked several times")


def test_it_does_not_look_while_a_task_works() -> None:
    looks: list[int] = []
    timer = OutboxTimer(lambda: looks.append(1), pause_seconds=SOON)

    with timer.alone():
        timer.start()
        threading.Event().wait(0.2)
        assert looks == []

    timer.stop()


def test_it_does_not_look_where_a_task_has_looked_meanwhile() -> None:
    looks: list[int] = []
    timer = OutboxTimer(lambda: looks.append(1), pause_seconds=(0.5, 0.5))

    with running(timer):
        for _ in range(20):
            with timer.alone():
                pass
            threading.Event().wait(0.05)

    assert looks == []
