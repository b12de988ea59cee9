"""People on both databases, which differ in what they know of letters."""

import pytest
from redis import Redis
from sqlalchemy import event

from app.db import Database
from app.presence import TTL_SECONDS, key_of, online_among
from app.services import accounts, followings


@pytest.mark.parametrize("query", ["Özil", "张", "100% _/\\'"])
def test_whoever_types_part_of_a_name_finds_it(database: Database, query: str) -> None:
    with database.transaction() as connection:
        for name in (f"with {query}.", "somebody else", "100 "):
            accounts.sign_up(connection, name=name, password_hash="x")

        total, found = accounts.search(connection, viewer_id=1, query=query, page=1, per_page=10)

    assert (total, [profile["name"] for profile in found]) == (1, [f"with {query}."])


def test_a_page_of_people_says_how_one_stands_to_each_in_one_statement(database: Database, users: list[int]) -> None:
    ann, bob, eve, *_ = users
    with database.transaction() as connection:
        for follower, target in ((ann, bob), (eve, bob), (bob, ann)):
            followings.follow(connection, follower_id=follower, target_id=target)
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _cursor, said, *_: statements.append(said))

    with database.reading() as connection:
        total, found = accounts.search(connection, viewer_id=ann, query="user-", page=1, per_page=10)

    assert total == len(users)
    assert [(p["id"], p["fans_count"], p["is_following"]) for p in found[:3]] == [
        (ann, 1, False),
        (bob, 2, True),
        (eve, 0, False),
    ]
    assert len([said for said in statements if "SELECT" in said]) == 1


def test_who_is_online_is_whoever_has_a_key_that_ends_soon(redis: Redis) -> None:
    redis.set(key_of(1), 1, ex=TTL_SECONDS)
    redis.set(key_of(3), 1, ex=1)
    redis.set(key_of(4), 1)  # somebody else's
    redis.set(key_of(5), 1, ex=10 * TTL_SECONDS)

    assert online_among(redis, [1, 2, 3, 4, 5]) == {1, 3}
    assert online_among(redis, []) == set()
