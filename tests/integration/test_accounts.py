"""People on both databases, which differ in what they know of letters."""

import pytest

from app.db import Database
from app.services import accounts


@pytest.mark.parametrize("query", ["Özil", "张", "100% _/\\'"])
def test_whoever_types_part_of_a_name_finds_it(database: Database, query: str) -> None:
    with database.transaction() as connection:
        for name in (f"with {query}.", "somebody else", "100 "):
            accounts.sign_up(connection, name=name, password_hash="x")

        total, found = accounts.search(connection, query=query, page=1, per_page=10)

    assert (total, [profile["name"] for profile in found]) == (1, [f"with {query}."])
