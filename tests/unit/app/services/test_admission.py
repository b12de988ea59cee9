"""A few threads do something at once, a few more wait, and all others are refused."""

import threading

import pytest

from app.services.admission import Admission, TooManyAtOnce
from tests.services import wait_until


class Guest(threading.Thread):
    """Enters, and stays until `leave` is called."""

    def __init__(self, admission: Admission) -> None:
        super().__init__(daemon=True)
        self.is_inside = False
        self._admission = admission
        self._may_leave = threading.Event()
        self.start()

    def run(self) -> None:
        with self._admission.entered():
            self.is_inside = True
            self._may_leave.wait(10)
        self.is_inside = False

    def leave(self) -> None:
        self._may_leave.set()
        self.join()


class TestAdmission:
    def test_waiter_is_admitted_when_a_place_is_free(self) -> None:
        admission = Admission(at_once=2, most_waiting=2, wait_seconds=10)
        guests = [Guest(admission) for _ in range(4)]
        wait_until(lambda: sum(guest.is_inside for guest in guests) == 2, seconds=5, what="two callers are admitted")
        inside, outside = ([g for g in guests if g.is_inside is wanted] for wanted in (True, False))

        inside[0].leave()

        wait_until(lambda: any(guest.is_inside for guest in outside), seconds=5, what="a third caller is admitted")
        assert sum(guest.is_inside for guest in guests) == 2
        for guest in guests:
            guest.leave()

    def test_waiter_is_refused_after_the_timeout(self) -> None:
        admission = Admission(at_once=1, most_waiting=1, wait_seconds=0.05)

        with admission.entered(), pytest.raises(TooManyAtOnce), admission.entered():
            pass

    def test_full_queue_refuses_at_once(self) -> None:
        admission = Admission(at_once=1, most_waiting=0, wait_seconds=3600)

        with admission.entered(), pytest.raises(TooManyAtOnce), admission.entered():
            pass

    def test_place_is_freed_after_an_error(self) -> None:
        admission = Admission(at_once=1, most_waiting=0, wait_seconds=0)
        for _ in range(3):
            with pytest.raises(RuntimeError), admission.entered():
                raise RuntimeError

        with admission.entered():
            pass
