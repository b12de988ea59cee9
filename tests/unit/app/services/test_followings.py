"""Who follows whom, and who is notified."""

import pytest
from sqlalchemy import Connection, update

from app.models import CLOSED, User
from app.services import accounts, followings
from core import inbox, inbox_marks
from core.inbox_filters import EVERYTHING
from core.inbox_marks import Change


def inbox_of(connection: Connection, user_id: int) -> list[int]:
    return [int(row.actor_id) for row in inbox.page(connection, str(user_id), limit=100, before=None)]


class TestFollow:
    def test_follow_notifies_the_target(self, connection: Connection, ann: int, bob: int) -> None:
        told = followings.follow(connection, follower_id=ann, target_id=bob)

        assert told
        assert inbox_of(connection, bob) == [ann]
        assert followings.is_following(connection, follower_id=ann, target_id=bob)
        assert not followings.is_following(connection, follower_id=bob, target_id=ann)

    def test_following_again_notifies_nobody(self, connection: Connection, ann: int, bob: int) -> None:
        followings.follow(connection, follower_id=ann, target_id=bob)

        told = followings.follow(connection, follower_id=ann, target_id=bob)

        assert not told
        assert inbox_of(connection, bob) == [ann]

    def test_following_after_an_unfollow_notifies_nobody_while_the_first_is_unread(
        self, connection: Connection, ann: int, bob: int
    ) -> None:
        followings.follow(connection, follower_id=ann, target_id=bob)
        inbox_marks.mark_batch(connection, str(bob), EVERYTHING, Change(seen=True))
        assert not followings.unfollow(connection, follower_id=ann, target_id=bob)

        told = followings.follow(connection, follower_id=ann, target_id=bob)

        assert not told
        assert inbox_of(connection, bob) == [ann]

    def test_unfollow_withdraws_what_was_not_seen_and_a_new_follow_notifies(
        self, connection: Connection, ann: int, bob: int, eve: int
    ) -> None:
        followings.follow(connection, follower_id=eve, target_id=bob)
        followings.follow(connection, follower_id=ann, target_id=bob)

        assert followings.unfollow(connection, follower_id=ann, target_id=bob)

        assert inbox_of(connection, bob) == [eve]
        assert not followings.unfollow(connection, follower_id=ann, target_id=bob)
        assert followings.follow(connection, follower_id=ann, target_id=bob)
        assert inbox_of(connection, bob) == [ann, eve]

    def test_following_after_an_unfollow_notifies_again_once_the_first_was_read(
        self, connection: Connection, ann: int, bob: int
    ) -> None:
        followings.follow(connection, follower_id=ann, target_id=bob)
        inbox_marks.mark_batch(connection, str(bob), EVERYTHING, Change(read=True))
        followings.unfollow(connection, follower_id=ann, target_id=bob)

        told = followings.follow(connection, follower_id=ann, target_id=bob)

        assert told
        assert inbox_of(connection, bob) == [ann, ann]

    def test_following_oneself_is_refused(self, connection: Connection, ann: int) -> None:
        with pytest.raises(followings.CannotFollowSelf):
            followings.follow(connection, follower_id=ann, target_id=ann)

    @pytest.mark.parametrize("target_id", [999, 2**53 - 1])
    def test_following_an_unknown_user_is_refused(self, connection: Connection, ann: int, target_id: int) -> None:
        with pytest.raises(accounts.UnknownUser):
            followings.follow(connection, follower_id=ann, target_id=target_id)

    def test_following_a_closed_account_is_refused(self, connection: Connection, ann: int, bob: int) -> None:
        connection.execute(update(User).where(User.id == bob).values(status=CLOSED))

        with pytest.raises(accounts.UnknownUser):
            followings.follow(connection, follower_id=ann, target_id=bob)

    def test_closed_follower_raises_unknown_caller(self, connection: Connection, bob: int) -> None:
        with pytest.raises(accounts.UnknownCaller):
            followings.follow(connection, follower_id=999, target_id=bob)


class TestUnfollow:
    def test_unfollow_ends_the_following(self, connection: Connection, ann: int, bob: int) -> None:
        followings.follow(connection, follower_id=ann, target_id=bob)

        followings.unfollow(connection, follower_id=ann, target_id=bob)

        assert not followings.is_following(connection, follower_id=ann, target_id=bob)
        assert followings.fans_count(connection, bob) == 0

    def test_unfollow_without_a_following_changes_nothing(self, connection: Connection, ann: int, bob: int) -> None:
        followings.follow(connection, follower_id=bob, target_id=ann)

        followings.unfollow(connection, follower_id=ann, target_id=bob)

        assert followings.is_following(connection, follower_id=bob, target_id=ann)


class TestPages:
    def test_pages_are_newest_first_with_fans_and_mutual_follows(
        self, connection: Connection, ann: int, bob: int, eve: int
    ) -> None:
        followings.follow(connection, follower_id=ann, target_id=bob)
        followings.follow(connection, follower_id=ann, target_id=eve)
        followings.follow(connection, follower_id=eve, target_id=ann)

        total, page = followings.page_of_followings(connection, ann, page=1, per_page=10)
        followers_total, followers = followings.page_of_followers(connection, ann, page=1, per_page=10)

        assert (total, followers_total) == (2, 1)
        assert page == [
            {"id": eve, "name": "eve", "photo": None, "fans_count": 1, "mutual_follow": True},
            {"id": bob, "name": "bob", "photo": None, "fans_count": 1, "mutual_follow": False},
        ]
        assert [(other["id"], other["mutual_follow"]) for other in followers] == [(eve, True)]

    def test_pages_contain_each_user_once(self, connection: Connection, ann: int) -> None:
        fans = [accounts.sign_up(connection, name=f"fan-{n}", password_hash="x")["id"] for n in range(5)]
        for fan in fans:
            followings.follow(connection, follower_id=fan, target_id=ann)

        pages = [followings.page_of_followers(connection, ann, page=page, per_page=2) for page in (1, 2, 3, 4)]

        assert [total for total, _ in pages] == [5] * 4
        assert [other["id"] for _, page in pages for other in page] == fans[::-1]
