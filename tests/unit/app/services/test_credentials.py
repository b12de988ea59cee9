"""Names and passwords at log-in."""

import pytest
from sqlalchemy import Connection, update

from app.models import CLOSED, User
from app.services import accounts, credentials, passwords
from app.services.credentials import Credentials, WrongCredentials
from tests.rows import sign_up_before_there_were_keys


class TestCredentials:
    def test_right_password_matches_and_a_wrong_one_does_not(self) -> None:
        known = Credentials(7, passwords.hash_password("right"))

        assert credentials.check(known, "right") is known
        with pytest.raises(WrongCredentials):
            credentials.check(known, "wrong")

    def test_unknown_name_fails_like_a_wrong_password(self, connection: Connection) -> None:
        unknown = credentials.find(connection, "nobody")

        for password in ("right", "a password that nobody has"):
            with pytest.raises(WrongCredentials):
                credentials.check(unknown, password)

    def test_name_is_found_in_any_typed_form(self, connection: Connection) -> None:
        user_id = accounts.sign_up(connection, name="éva", password_hash="x")["id"]

        for typed in ("éva", "éva ", "e\u0301va", "Éva", "E\u0301VA "):
            assert credentials.find(connection, typed) == Credentials(user_id, "x")

    @pytest.mark.parametrize("old", ["zoe ", "zOe"])
    def test_old_name_that_looks_the_same_is_not_confused(self, connection: Connection, old: str) -> None:
        kept = accounts.sign_up(connection, name="zoe", password_hash="kept")["id"]
        other = sign_up_before_there_were_keys(connection, old)

        assert credentials.find(connection, "zoe") == Credentials(kept, "kept")
        assert credentials.find(connection, "ZOE") == Credentials(kept, "kept")
        assert credentials.find(connection, old) == Credentials(other, "x")

    def test_closed_account_has_no_credentials(self, connection: Connection, ann: int) -> None:
        assert credentials.find(connection, "ann") == Credentials(ann, "not a hash")
        connection.execute(update(User).where(User.id == ann).values(status=CLOSED))

        assert credentials.find(connection, "ann") is None
