"""Following on both databases, in one statement and in steps, and concurrently."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from app.models import Relation
from app.services import accounts, followings
from core import inbox, inbox_marks
from core.db import Database
from core.inbox_filters import EVERYTHING
from core.inbox_marks import Change
from core.models import Notification


def follow(database: Database, follower_id: int, target_id: int) -> bool:
    with database.one_statement() as connection:
        return followings.follow(connection, follower_id=follower_id, target_id=target_id)


def told(database: Database, user_id: int) -> list[int]:
    with database.reading() as connection:
        return [int(row.actor_id) for row in inbox.page(connection, str(user_id), limit=100, before=None)]


class TestFollow:
    def test_repeated_follows_notify_the_target_once(self, database: Database, users: list[int]) -> None:
        ann, bob, *_ = users
        assert follow(database, ann, bob)
        assert not follow(database, ann, bob)
        with database.transaction() as connection:
            inbox_marks.mark_batch(connection, str(bob), EVERYTHING, Change(seen=True))
            followings.unfollow(connection, follower_id=ann, target_id=bob)

        assert not follow(database, ann, bob)

        assert told(database, bob) == [ann]
        with database.transaction() as connection:
            assert followings.is_following(connection, follower_id=ann, target_id=bob)
            assert followings.page_of_followers(connection, bob, page=1, per_page=10)[0] == 1

    def test_unfollow_withdraws_what_was_not_seen(self, database: Database, users: list[int]) -> None:
        ann, bob, *_ = users
        follow(database, ann, bob)
        with database.transaction() as connection:
            assert followings.unfollow(connection, follower_id=ann, target_id=bob)
        assert told(database, bob) == []

        assert follow(database, ann, bob)

        assert told(database, bob) == [ann]

    def test_following_again_notifies_once_the_first_was_read(self, database: Database, users: list[int]) -> None:
        ann, bob, *_ = users
        follow(database, ann, bob)
        with database.transaction() as connection:
            inbox_marks.mark_batch(connection, str(bob), EVERYTHING, Change(read=True))
            followings.unfollow(connection, follower_id=ann, target_id=bob)

        assert follow(database, ann, bob)

        assert told(database, bob) == [ann, ann]

    @pytest.mark.parametrize(("age", "is_silent"), [(0, True), (590, True), (610, False)])
    def test_following_again_soon_shows_no_toast(
        self, database: Database, users: list[int], age: int, is_silent: bool
    ) -> None:
        ann, bob, eve, *_ = users
        follow(database, ann, bob)
        with database.transaction() as connection:
            followings.unfollow(connection, follower_id=ann, target_id=bob)
            connection.execute(update(Relation).values(updated_at=Relation.updated_at - age))

        assert follow(database, ann, bob)
        assert follow(database, eve, bob)

        shown = (Notification.actor_id, Notification.pushed_at)
        with database.reading() as connection:
            rows = connection.execute(select(*shown).where(Notification.withdrawn_at.is_(None))).all()
        assert {int(actor): told_at is not None for actor, told_at in rows} == {ann: is_silent, eve: False}

    def test_concurrent_follows_all_succeed_and_notify_once(self, database: Database, users: list[int]) -> None:
        ann, bob, *_ = users

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: follow(database, ann, bob), range(16)))

        assert answers.count(True) == 1
        assert told(database, bob) == [ann]

    def test_concurrent_mutual_follows_do_not_deadlock(self, database: Database, users: list[int]) -> None:
        ann, bob, *_ = users
        pairs = [(ann, bob), (bob, ann)] * 4

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda pair: follow(database, *pair), pairs))

        assert (told(database, ann), told(database, bob)) == ([bob], [ann])

    def test_invalid_follow_notifies_nobody(self, database: Database, users: list[int]) -> None:
        ann, *_ = users
        with pytest.raises(followings.CannotFollowSelf):
            follow(database, ann, ann)
        with pytest.raises(accounts.UnknownUser):
            follow(database, ann, 2**53 - 1)
        with pytest.raises(accounts.UnknownCaller):
            follow(database, 2**53 - 1, ann)

        assert told(database, ann) == []


class TestSignUp:
    def test_taken_name_is_refused(self, database: Database, users: list[int]) -> None:
        with pytest.raises(accounts.NameTaken), database.transaction() as connection:
            accounts.sign_up(connection, name="user-0", password_hash="x")

    def test_search_ignores_case_and_escapes_wildcards(self, database: Database, users: list[int]) -> None:
        with database.reading() as connection:
            assert accounts.search(connection, viewer_id=1, query="USER-", page=1, per_page=10)[0] == len(users)
            assert accounts.search(connection, viewer_id=1, query="user_", page=1, per_page=10) == (0, [])
