"""Password hashes, few at a time."""

import threading

import pytest
from argon2 import PasswordHasher

from app.services import passwords
from app.services.passwords import Admission, TooManyAtOnce
from tests.services import wait_until


class TestPasswords:
    def test_a_password_is_hashed_memory_hard_and_differently_each_time(self) -> None:
        first, second = passwords.hash_password("same"), passwords.hash_password("same")

        assert first != second
        assert first.startswith("$argon2id$")

    def test_what_is_no_hash_is_no_password(self) -> None:
        assert not passwords.is_right("x", "not a hash")


class TestForms:
    """The same password from other keyboards."""

    FORMS = ("gehörig é\u00a0", "geho\u0308rig e\u0301\u3000")  # composed and decomposed, with spaces of two kinds

    @pytest.mark.parametrize(("first", "then"), [FORMS, FORMS[::-1]])
    def test_what_was_set_on_one_is_right_on_another(self, first: str, then: str) -> None:
        assert passwords.is_right(then, passwords.hash_password(first))

    @pytest.mark.parametrize("typed", FORMS)
    def test_a_hash_from_before_there_was_one_form_is_still_good(self, typed: str) -> None:
        assert passwords.is_right(typed, PasswordHasher().hash(typed))

    def test_letters_and_spaces_count(self) -> None:
        password_hash = passwords.hash_password("gehörig")

        assert not any(passwords.is_right(wrong, password_hash) for wrong in ("gehorig", "Gehörig", "gehörig "))


class Guest(threading.Thread):
    """Enters, and stays until it is told to leave."""

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
    def test_one_goes_in_when_another_leaves(self) -> None:
        admission = Admission(at_once=2, most_waiting=2, wait_seconds=10)
        guests = [Guest(admission) for _ in range(4)]
        wait_until(lambda: sum(guest.is_inside for guest in guests) == 2, seconds=5, what="two are inside")
        inside, outside = ([g for g in guests if g.is_inside is wanted] for wanted in (True, False))

        inside[0].leave()

        wait_until(lambda: any(guest.is_inside for guest in outside), seconds=5, what="a third is inside")
        assert sum(guest.is_inside for guest in guests) == 2
        for guest in guests:
            guest.leave()

    def test_who_waits_too_long_is_told_so(self) -> None:
        admission = Admission(at_once=1, most_waiting=1, wait_seconds=0.05)

        with admission.entered(), pytest.raises(TooManyAtOnce), admission.entered():
            pass

    def test_too_many_do_not_even_wait(self) -> None:
        admission = Admission(at_once=1, most_waiting=0, wait_seconds=3600)

        with admission.entered(), pytest.raises(TooManyAtOnce), admission.entered():
            pass

    def test_a_place_comes_free_however_it_was_left(self) -> None:
        admission = Admission(at_once=1, most_waiting=0, wait_seconds=0)
        for _ in range(3):
            with pytest.raises(RuntimeError), admission.entered():
                raise RuntimeError

        with admission.entered():
            pass
