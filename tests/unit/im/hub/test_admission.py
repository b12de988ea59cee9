"""The queue is first in, first out, and other greenlets run between its rounds."""

import time

import eventlet
import pytest

from im.hub.admission import AdmissionQueue


def run(admission: AdmissionQueue) -> None:
    with eventlet.Timeout(5):
        while len(admission):
            eventlet.sleep(0)


def test_functions_start_in_order_also_when_each_waits() -> None:
    admission, begun, ended = AdmissionQueue(), list[int](), list[int]()

    def act(number: int) -> None:
        begun.append(number)
        eventlet.sleep(0)
        ended.append(number)

    for number in range(100):
        admission.spawn(act, number)
    run(admission)
    eventlet.sleep(0)

    assert begun == ended == list(range(100))


def test_long_queue_does_not_delay_other_greenlets() -> None:
    admission, done = AdmissionQueue(), list[int]()

    def act(number: int) -> None:
        until = time.perf_counter() + 0.001
        while time.perf_counter() < until:
            pass
        done.append(number)

    for number in range(50):
        admission.spawn(act, number)
    eventlet.sleep(0)  # lets other greenlets run

    assert 0 < len(done) < 50
    run(admission)
    assert len(done) == 50


def test_error_in_a_function_is_logged_and_the_next_one_runs(caplog: pytest.LogCaptureFixture) -> None:
    admission, done = AdmissionQueue(), list[int]()

    admission.spawn(lambda: 1 / 0)
    admission.spawn(done.append, 1)
    run(admission)
    eventlet.sleep(0)

    assert done == [1]
    assert "ZeroDivisionError" in caplog.text


def test_greenlet_that_waits_for_admission_is_queued_last() -> None:
    admission, done = AdmissionQueue(), list[str]()

    def twice(name: str) -> None:
        done.append(name)
        admission.wait()
        done.append(name)

    for name in "abc":
        admission.spawn(twice, name)
    run(admission)
    eventlet.sleep(0)

    assert "".join(done) == "abcabc"
