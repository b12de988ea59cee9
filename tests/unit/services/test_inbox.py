"""The durable inbox."""

import pytest
from sqlalchemy import Connection

from app import events
from app.services import inbox


@pytest.fixture
def three(connection: Connection, ann: int, bob: int, eve: int) -> list[int]:
    """The ids of bob's three notifications, oldest first. Ann has one too."""
    for _ in range(3):
        inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=bob, actor_id=ann)
    inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=ann, actor_id=eve)
    return ids(connection, bob)[::-1]


def ids(connection: Connection, user_id: int, *, limit: int = 100, before: int | None = None) -> list[int]:
    return [row.id for row in inbox.page(connection, user_id, limit=limit, before=before)]


class TestPage:
    def test_pages_go_back_in_time_without_holes(self, connection: Connection, bob: int, three: list[int]) -> None:
        first = ids(connection, bob, limit=2)
        second = ids(connection, bob, limit=2, before=first[-1])

        assert [first, second] == [[three[2], three[1]], [three[0]]]

    def test_the_data_kept_with_a_notification_comes_back(self, connection: Connection, ann: int, bob: int) -> None:
        inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=bob, actor_id=ann, data={"a": [1, "ä"]})

        [row] = inbox.page(connection, bob, limit=1, before=None)

        assert row.data == {"a": [1, "ä"]}


class TestMarkRead:
    def test_by_id(self, connection: Connection, bob: int, three: list[int]) -> None:
        assert inbox.mark_read(connection, bob, ids=[three[1]])

        assert inbox.unread_count(connection, bob) == 2

    def test_up_to_an_id(self, connection: Connection, bob: int, three: list[int]) -> None:
        assert inbox.mark_read(connection, bob, up_to=three[1])

        assert inbox.unread_count(connection, bob) == 1

    def test_a_second_time_changes_nothing(self, connection: Connection, bob: int, three: list[int]) -> None:
        inbox.mark_read(connection, bob, ids=three)

        assert not inbox.mark_read(connection, bob, ids=three)

    def test_what_is_somebody_elses_is_passed_over(self, connection: Connection, ann: int, three: list[int]) -> None:
        assert not inbox.mark_read(connection, ann, ids=three)
        inbox.mark_read(connection, ann, up_to=three[-1])

        assert inbox.unread_count(connection, ann) == 1
        assert not inbox.mark_read(connection, 999, up_to=2**53 - 1)

    @pytest.mark.parametrize("chosen", [[], [2**53 - 1]])
    def test_what_there_is_not_is_passed_over(
        self, connection: Connection, bob: int, three: list[int], chosen: list[int]
    ) -> None:
        assert not inbox.mark_read(connection, bob, ids=chosen)
        assert inbox.unread_count(connection, bob) == len(three)


def test_many_are_counted_at_once(connection: Connection, ann: int, bob: int, eve: int, three: list[int]) -> None:
    assert inbox.unread_counts(connection, [ann, bob, eve]) == {ann: 1, bob: len(three), eve: 0}
