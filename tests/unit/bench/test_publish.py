"""`python -m bench.publish N M`: M events, the i-th to room str(1 + i % N), each with the time of its creation."""

import time
from typing import Any

from bench.publish import publish


class Kept:
    """An emitter that keeps what it was given."""

    def __init__(self) -> None:
        self.pushes: list[tuple[str, dict[str, Any]]] = []

    def push(self, pushes: list[tuple[str, dict[str, Any]]]) -> None:
        self.pushes += pushes


def test_events_go_to_the_rooms_in_turn() -> None:
    kept = Kept()

    publish(kept, 3, 200)

    assert [room for room, _ in kept.pushes] == [str(1 + i % 3) for i in range(200)]


def test_events_without_rooms_go_to_all() -> None:
    kept = Kept()

    publish(kept, 0, 2)

    assert [room for room, _ in kept.pushes] == ["", ""]


def test_each_event_contains_the_time_of_its_creation() -> None:
    kept, begun = Kept(), time.time()

    publish(kept, 1, 100)

    times = [data["t"] for _, data in kept.pushes]
    assert begun <= times[0]
    assert times == sorted(times)
    assert times[-1] <= time.time()


def test_rate_is_not_exceeded() -> None:
    kept, begun = Kept(), time.monotonic()

    publish(kept, 1, 20, rate=200)

    assert len(kept.pushes) == 20
    assert time.monotonic() - begun >= 19 / 200
