"""Sign up, profiles."""

import pytest
from sqlalchemy import Connection

from app.services import accounts
from core.db import Database
from tests.rows import sign_up_before_there_were_keys


class TestSignUp:
    def test_sign_up_stores_the_given_profile(self, connection: Connection) -> None:
        profile = accounts.sign_up(connection, name="zoe", password_hash="x", photo="/a.png", introduction="hi")

        text = str(profile["id"])
        assert accounts.load_profiles(connection, [text]) == {text: {**profile, "id": text}}
        assert profile == {"id": profile["id"], "name": "zoe", "photo": "/a.png", "introduction": "hi"}

    def test_taken_name_is_refused(self, database: Database, ann: int) -> None:
        with pytest.raises(accounts.NameTaken), database.transaction() as connection:
            accounts.sign_up(connection, name="ann", password_hash="x")

    def test_name_that_differs_in_case_is_taken(self, database: Database, ann: int) -> None:
        with pytest.raises(accounts.NameTaken), database.transaction() as connection:
            accounts.sign_up(connection, name="Ann", password_hash="x")


class TestProfiles:
    def test_unknown_users_are_left_out(self, connection: Connection, ann: int) -> None:
        asked = [str(ann), "999", f"0{ann}", "ann", str(2**53), "9" * 64]
        assert set(accounts.load_profiles(connection, asked)) == {str(ann)}

    def test_update_changes_only_the_given_fields(self, connection: Connection, ann: int) -> None:
        accounts.change_profile(connection, ann, {"introduction": "hi"})

        assert accounts.change_profile(connection, ann, {"photo": "/a.png"}) == {
            "id": ann,
            "name": "ann",
            "photo": "/a.png",
            "introduction": "hi",
        }

    def test_taken_name_is_refused(self, database: Database, ann: int, bob: int) -> None:
        with pytest.raises(accounts.NameTaken), database.transaction() as connection:
            accounts.change_profile(connection, bob, {"name": "ann"})

    def test_name_may_change_its_case(self, connection: Connection, ann: int, bob: int) -> None:
        assert accounts.change_profile(connection, ann, {"name": "Ann"})["name"] == "Ann"
        with pytest.raises(accounts.NameTaken):
            accounts.change_profile(connection, bob, {"name": "ANN"})

    def test_old_name_that_differs_in_case_may_stay(self, connection: Connection, ann: int) -> None:
        old = sign_up_before_there_were_keys(connection, "Ann")

        changed = accounts.change_profile(connection, old, {"name": "Ann", "introduction": "hi"})

        assert (changed["name"], changed["introduction"]) == ("Ann", "hi")

    @pytest.mark.parametrize("changes", [{}, {"introduction": "hi"}])
    def test_closed_account_has_no_profile(self, connection: Connection, changes: dict[str, str | None]) -> None:
        with pytest.raises(accounts.UnknownCaller):
            accounts.change_profile(connection, 999, changes)


class TestSearch:
    def test_search_ignores_case_and_sorts_by_name(self, connection: Connection) -> None:
        for name in ("Johanna", "hannes", "Joe"):
            accounts.sign_up(connection, name=name, password_hash="x")

        total, found = accounts.search(connection, viewer_id=1, query="HANN", page=1, per_page=10)

        assert (total, [profile["name"] for profile in found]) == (2, ["Johanna", "hannes"])

    @pytest.mark.parametrize("query", ["Öz", "ÖZIL", "özil"])
    def test_search_ignores_case_of_non_ascii_letters(self, connection: Connection, query: str) -> None:
        accounts.sign_up(connection, name="Özil", password_hash="x")

        assert accounts.search(connection, viewer_id=1, query=query, page=1, per_page=10)[0] == 1

    @pytest.mark.parametrize("query", ["%", "_", "/", "\\", "'"])
    def test_wildcards_in_a_query_match_literally(self, connection: Connection, ann: int, query: str) -> None:
        accounts.sign_up(connection, name=f"with {query}", password_hash="x")

        _, found = accounts.search(connection, viewer_id=1, query=query, page=1, per_page=10)

        assert [profile["name"] for profile in found] == [f"with {query}"]

    def test_empty_query_returns_pages_of_everybody(self, connection: Connection, ann: int, bob: int, eve: int) -> None:
        total, found = accounts.search(connection, viewer_id=1, query="", page=2, per_page=2)

        assert (total, [person["id"] for person in found]) == (3, [eve])

    def test_page_beyond_the_last_is_empty_with_the_total(self, connection: Connection) -> None:
        assert accounts.search(connection, viewer_id=1, query="", page=9, per_page=10) == (3, [])
