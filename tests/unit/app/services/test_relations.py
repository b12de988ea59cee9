"""Whom people know, for the engine."""

import time

import pytest
from sqlalchemy import Connection, update

from app.models import User
from app.services import followings, relations

DAY = 24 * 3600


@pytest.fixture(autouse=True)
def ages(connection: Connection, ann: int, bob: int) -> None:
    """Ann follows bob, whose account is old, and eve, whose account is new. Bob follows nobody."""
    connection.execute(update(User).where(User.id.in_([ann, bob])).values(created_at=int(time.time()) - 2 * DAY))


def test_people_know_whom_they_follow_if_the_account_is_not_new(
    connection: Connection, ann: int, bob: int, eve: int
) -> None:
    for target in (bob, eve):
        followings.follow(connection, follower_id=ann, target_id=target)
    a, b, e = map(str, (ann, bob, eve))

    known = relations.load_known(connection, {(a, b), (a, e), (b, a), (e, a), (a, "999")})

    assert known == {(a, b)}


def test_whom_one_followed_is_known_no_more(connection: Connection, ann: int, bob: int) -> None:
    followings.follow(connection, follower_id=ann, target_id=bob)
    followings.unfollow(connection, follower_id=ann, target_id=bob)

    assert relations.load_known(connection, {(str(ann), str(bob))}) == set()


@pytest.mark.parametrize("pairs", [set(), {("f0c6", "1"), ("1", "-1"), ("01", "2"), ("1", "9" * 16)}])
def test_ids_of_no_account_know_nobody(connection: Connection, pairs: set[tuple[str, str]]) -> None:
    assert relations.load_known(connection, pairs) == set()
