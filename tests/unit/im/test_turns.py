"""Who waits for a turn gets it in the order of coming, and others have theirs in between."""

import time

import eventlet
import pytest

from im.turns import Turns


def run(turns: Turns) -> None:
    with eventlet.Timeout(5):
        while len(turns):
            eventlet.sleep(0)


def test_first_come_first_served_also_where_each_waits() -> None:
    turns, begun, ended = Turns(), list[int](), list[int]()

    def act(number: int) -> None:
        begun.append(number)
        eventlet.sleep(0)
        ended.append(number)

    for number in range(100):
        turns.spawn(act, number)
    run(turns)
    eventlet.sleep(0)

    assert begun == ended == list(range(100))


def test_a_long_row_does_not_hold_up_the_others() -> None:
    turns, done = Turns(), list[int]()

    def act(number: int) -> None:
        until = time.perf_counter() + 0.001
        while time.perf_counter() < until:
            pass
        done.append(number)

    for number in range(50):
        turns.spawn(act, number)
    eventlet.sleep(0)  # another greenlet's turn

    assert 0 < len(done) < 50
    run(turns)
    assert len(done) == 50


def test_one_that_fails_is_logged_and_the_next_has_its_turn(caplog: pytest.LogCaptureFixture) -> None:
    turns, done = Turns(), list[int]()

    turns.spawn(lambda: 1 / 0)
    turns.spawn(done.append, 1)
    run(turns)
    eventlet.sleep(0)

    assert done == [1]
    assert "ZeroDivisionError" in caplog.text


def test_one_that_waits_for_another_turn_stands_behind_those_who_came_before() -> None:
    turns, done = Turns(), list[str]()

    def twice(name: str) -> None:
        done.append(name)
        turns.wait()
        done.append(name)

    for name in "abc":
        turns.spawn(twice, name)
    run(turns)
    eventlet.sleep(0)

    assert "".join(done) == "abcabc"
