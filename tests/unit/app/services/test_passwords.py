"""Password hashes."""

import pytest
from argon2 import PasswordHasher, extract_parameters

from app.services import passwords


class TestPasswords:
    def test_password_hash_is_memory_hard_and_salted(self) -> None:
        first, second = passwords.hash_password("same"), passwords.hash_password("same")

        assert first != second
        assert first.startswith("$argon2id$")

    def test_check_without_a_hash_computes_as_much(self) -> None:
        assert extract_parameters(passwords._NOBODYS_HASH) == extract_parameters(passwords.hash_password("same"))
        assert not passwords.is_right("same", None)

    def test_invalid_hash_matches_no_password(self) -> None:
        assert not passwords.is_right("x", "not a hash")


class TestUnicodeForms:
    """The same password in other Unicode forms, as from other keyboards."""

    FORMS = ("gehörig é\u00a0", "geho\u0308rig e\u0301\u3000")  # composed and decomposed, with spaces of two kinds

    @pytest.mark.parametrize(("first", "then"), [FORMS, FORMS[::-1]])
    def test_password_matches_in_another_unicode_form(self, first: str, then: str) -> None:
        assert passwords.is_right(then, passwords.hash_password(first))

    @pytest.mark.parametrize("typed", FORMS)
    def test_hash_of_an_unnormalized_password_still_matches(self, typed: str) -> None:
        assert passwords.is_right(typed, PasswordHasher().hash(typed))

    def test_case_and_spaces_are_significant(self) -> None:
        password_hash = passwords.hash_password("gehörig")

        assert not any(passwords.is_right(wrong, password_hash) for wrong in ("gehorig", "Gehörig", "gehörig "))
