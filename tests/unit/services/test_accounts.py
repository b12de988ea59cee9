"""Sign up, log in, profiles."""

import pytest
from sqlalchemy import Connection, update

from app.db import Database
from app.models import CLOSED, User
from app.services import accounts, passwords


def sign_up_before_there_were_keys(connection: Connection, name: str) -> int:
    user_id: int = accounts.sign_up(connection, name="stands in", password_hash="x")["id"]
    connection.execute(update(User).where(User.id == user_id).values(name=name, name_key=None))
    return user_id


class TestSignUp:
    def test_the_profile_is_what_was_given(self, connection: Connection) -> None:
        profile = accounts.sign_up(connection, name="zoe", password_hash="x", photo="/a.png", introduction="hi")

        assert accounts.load_profiles(connection, [profile["id"]]) == {profile["id"]: profile}
        assert profile == {"id": profile["id"], "name": "zoe", "photo": "/a.png", "introduction": "hi"}

    def test_a_name_belongs_to_one(self, database: Database, ann: int) -> None:
        with pytest.raises(accounts.NameTaken), database.transaction() as connection:
            accounts.sign_up(connection, name="ann", password_hash="x")

    def test_a_name_in_letters_of_another_case_is_the_same(self, database: Database, ann: int) -> None:
        with pytest.raises(accounts.NameTaken), database.transaction() as connection:
            accounts.sign_up(connection, name="Ann", password_hash="x")


class TestLogIn:
    def test_the_right_password_gives_the_id_and_a_wrong_one_does_not(self) -> None:
        known = accounts.Credentials(7, passwords.hash_password("right"))

        assert accounts.check_password(known, "right") == 7
        with pytest.raises(accounts.WrongCredentials):
            accounts.check_password(known, "wrong")

    def test_an_unknown_name_is_as_wrong_as_a_wrong_password(self, connection: Connection) -> None:
        unknown = accounts.find_credentials(connection, "nobody")

        for password in ("right", "a password that nobody has"):
            with pytest.raises(accounts.WrongCredentials):
                accounts.check_password(unknown, password)

    def test_a_name_is_found_however_it_is_typed(self, connection: Connection) -> None:
        user_id = accounts.sign_up(connection, name="éva", password_hash="x")["id"]

        for typed in ("éva", "éva ", "e\u0301va", "Éva", "E\u0301VA "):
            assert accounts.find_credentials(connection, typed) == accounts.Credentials(user_id, "x")

    @pytest.mark.parametrize("old", ["zoe ", "zOe"])
    def test_an_old_name_that_only_looks_the_same_is_still_another(self, connection: Connection, old: str) -> None:
        kept = accounts.sign_up(connection, name="zoe", password_hash="kept")["id"]
        other = sign_up_before_there_were_keys(connection, old)

        assert accounts.find_credentials(connection, "zoe") == accounts.Credentials(kept, "kept")
        assert accounts.find_credentials(connection, "ZOE") == accounts.Credentials(kept, "kept")
        assert accounts.find_credentials(connection, old) == accounts.Credentials(other, "x")

    def test_who_is_closed_has_no_credentials(self, connection: Connection, ann: int) -> None:
        assert accounts.find_credentials(connection, "ann") == accounts.Credentials(ann, "not a hash")
        connection.execute(update(User).where(User.id == ann).values(status=CLOSED))

        assert accounts.find_credentials(connection, "ann") is None


class TestProfiles:
    def test_those_who_do_not_exist_are_left_out(self, connection: Connection, ann: int) -> None:
        assert set(accounts.load_profiles(connection, [ann, 999])) == {ann}

    def test_only_what_is_given_changes(self, connection: Connection, ann: int) -> None:
        accounts.change_profile(connection, ann, {"introduction": "hi"})

        assert accounts.change_profile(connection, ann, {"photo": "/a.png"}) == {
            "id": ann,
            "name": "ann",
            "photo": "/a.png",
            "introduction": "hi",
        }

    def test_a_taken_name_is_refused(self, database: Database, ann: int, bob: int) -> None:
        with pytest.raises(accounts.NameTaken), database.transaction() as connection:
            accounts.change_profile(connection, bob, {"name": "ann"})

    def test_a_name_may_change_its_case(self, connection: Connection, ann: int, bob: int) -> None:
        assert accounts.change_profile(connection, ann, {"name": "Ann"})["name"] == "Ann"
        with pytest.raises(accounts.NameTaken):
            accounts.change_profile(connection, bob, {"name": "ANN"})

    def test_an_old_name_that_differs_in_case_alone_may_stay(self, connection: Connection, ann: int) -> None:
        old = sign_up_before_there_were_keys(connection, "Ann")

        changed = accounts.change_profile(connection, old, {"name": "Ann", "introduction": "hi"})

        assert (changed["name"], changed["introduction"]) == ("Ann", "hi")

    @pytest.mark.parametrize("changes", [{}, {"introduction": "hi"}])
    def test_who_is_gone_has_no_profile(self, connection: Connection, changes: dict[str, str | None]) -> None:
        with pytest.raises(accounts.UnknownCaller):
            accounts.change_profile(connection, 999, changes)


class TestSearch:
    def test_names_that_hold_the_text_in_either_case_by_name(self, connection: Connection) -> None:
        for name in ("Johanna", "hannes", "Joe"):
            accounts.sign_up(connection, name=name, password_hash="x")

        total, found = accounts.search(connection, viewer_id=1, query="HANN", page=1, per_page=10)

        assert (total, [profile["name"] for profile in found]) == (2, ["Johanna", "hannes"])

    @pytest.mark.parametrize("query", ["Öz", "ÖZIL", "özil"])
    def test_letters_beyond_ascii_have_two_cases_as_well(self, connection: Connection, query: str) -> None:
        accounts.sign_up(connection, name="Özil", password_hash="x")

        assert accounts.search(connection, viewer_id=1, query=query, page=1, per_page=10)[0] == 1

    @pytest.mark.parametrize("query", ["%", "_", "/", "\\", "'"])
    def test_signs_of_the_query_language_are_just_signs(self, connection: Connection, ann: int, query: str) -> None:
        accounts.sign_up(connection, name=f"with {query}", password_hash="x")

        _, found = accounts.search(connection, viewer_id=1, query=query, page=1, per_page=10)

        assert [profile["name"] for profile in found] == [f"with {query}"]

    def test_nothing_asked_for_means_everybody_by_the_page(
        self, connection: Connection, ann: int, bob: int, eve: int
    ) -> None:
        total, found = accounts.search(connection, viewer_id=1, query="", page=2, per_page=2)

        assert (total, [person["id"] for person in found]) == (3, [eve])

    def test_a_page_beyond_the_last_is_empty_and_knows_the_total(self, connection: Connection) -> None:
        assert accounts.search(connection, viewer_id=1, query="", page=9, per_page=10) == (3, [])
