"""Users on both databases, which treat case and Unicode differently."""

import pytest
from redis import Redis
from sqlalchemy import event

from app.services import accounts, followings
from core.db import Database
from core.keys import Keys
from core.presence import TTL_SECONDS, online_among


@pytest.mark.parametrize("query", ["Özil", "张", "100% _/\\'"])
def test_search_finds_a_part_of_a_name(database: Database, query: str) -> None:
    with database.transaction() as connection:
        for name in (f"with {query}.", "somebody else", "100 "):
            accounts.sign_up(connection, name=name, password_hash="x")

        total, found = accounts.search(connection, viewer_id=1, query=query, page=1, per_page=10)

    assert (total, [profile["name"] for profile in found]) == (1, [f"with {query}."])


def test_page_of_people_includes_relations_in_one_statement(database: Database, users: list[int]) -> None:
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


def test_user_with_an_expiring_presence_key_is_online(redis: Redis) -> None:
    redis.set(Keys().online("1"), 1, ex=TTL_SECONDS)
    redis.set(Keys().online("3"), 1, ex=1)
    redis.set(Keys().online("4"), 1)  # somebody else's
    redis.set(Keys().online("5"), 1, ex=10 * TTL_SECONDS)

    assert online_among(redis, ["1", "2", "3", "4", "5"]) == {"1", "3"}
    assert online_among(redis, []) == set()
