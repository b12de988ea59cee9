"""Following on both databases, which do it in one statement and in steps, and by many at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.db import Database
from app.services import accounts, followings, inbox


def follow(database: Database, follower_id: int, target_id: int) -> bool:
    with database.one_statement() as connection:
        return followings.follow(connection, follower_id=follower_id, target_id=target_id)


def told(database: Database, user_id: int) -> list[int]:
    with database.reading() as connection:
        return [row.actor_id for row in inbox.page(connection, user_id, limit=100, before=None)]


class TestFollow:
    def test_the_target_is_told_once_however_often(self, database: Database, users: list[int]) -> None:
        ann, bob, *_ = users
        assert follow(database, ann, bob)
        assert not follow(database, ann, bob)
        with database.transaction() as connection:
            followings.unfollow(connection, follower_id=ann, target_id=bob)

        assert not follow(database, ann, bob)

        assert told(database, bob) == [ann]
        with database.transaction() as connection:
            assert followings.is_following(connection, follower_id=ann, target_id=bob)
            assert followings.page_of_followers(connection, bob, page=1, per_page=10)[0] == 1

    def test_following_anew_tells_once_more_when_the_first_was_read(self, database: Database, users: list[int]) -> None:
        ann, bob, *_ = users
        follow(database, ann, bob)
        with database.transaction() as connection:
            inbox.mark_read(connection, bob, up_to=2**53 - 1)
            followings.unfollow(connection, follower_id=ann, target_id=bob)

        assert follow(database, ann, bob)

        assert told(database, bob) == [ann, ann]

    def test_many_at_once_tell_once_and_none_fails(self, database: Database, users: list[int]) -> None:
        ann, bob, *_ = users

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: follow(database, ann, bob), range(16)))

        assert answers.count(True) == 1
        assert told(database, bob) == [ann]

    def test_two_who_follow_each_other_at_once_do_not_lock_each_other_out(
        self, database: Database, users: list[int]
    ) -> None:
        ann, bob, *_ = users
        pairs = [(ann, bob), (bob, ann)] * 4

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda pair: follow(database, *pair), pairs))

        assert (told(database, ann), told(database, bob)) == ([bob], [ann])

    def test_nobody_is_told_of_what_can_not_be(self, database: Database, users: list[int]) -> None:
        ann, *_ = users
        with pytest.raises(followings.CannotFollowSelf):
            follow(database, ann, ann)
        with pytest.raises(accounts.UnknownUser):
            follow(database, ann, 2**53 - 1)
        with pytest.raises(accounts.UnknownCaller):
            follow(database, 2**53 - 1, ann)

        assert told(database, ann) == []


class TestSignUp:
    def test_a_name_belongs_to_the_first(self, database: Database, users: list[int]) -> None:
        with pytest.raises(accounts.NameTaken), database.transaction() as connection:
            accounts.sign_up(connection, name="user-0", password_hash="x")

    def test_names_are_searched_in_either_case(self, database: Database, users: list[int]) -> None:
        with database.reading() as connection:
            assert accounts.search(connection, viewer_id=1, query="USER-", page=1, per_page=10)[0] == len(users)
            assert accounts.search(connection, viewer_id=1, query="user_", page=1, per_page=10) == (0, [])
