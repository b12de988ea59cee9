"""The durable inbox."""

from contextlib import nullcontext

import pytest
from sqlalchemy import Connection, select

from app.events import FollowingNotify
from core import event_data, inbox, payloads
from core.declarations import Event
from core.models import Notification
from tests.rows import write_notification


@pytest.fixture
def three(connection: Connection, ann: str, bob: str, eve: str) -> list[int]:
    """The ids of bob's three notifications, oldest first. Ann has one too."""
    for _ in range(3):
        inbox.add(connection, FollowingNotify(), recipient_id=bob, actor_id=ann)
    inbox.add(connection, FollowingNotify(), recipient_id=ann, actor_id=eve)
    return ids(connection, bob)[::-1]


def ids(connection: Connection, user_id: str, *, limit: int = 100, before: int | None = None) -> list[int]:
    return [row.id for row in inbox.page(connection, user_id, limit=limit, before=before)]


class TestPage:
    def test_pages_go_back_in_time_without_gaps(self, connection: Connection, bob: str, three: list[int]) -> None:
        first = ids(connection, bob, limit=2)
        second = ids(connection, bob, limit=2, before=first[-1])

        assert [first, second] == [[three[2], three[1]], [three[0]]]


class TestMarkRead:
    def test_mark_read_by_id(self, connection: Connection, bob: str, three: list[int]) -> None:
        assert inbox.mark_read(connection, bob, ids=[three[1]])

        assert inbox.unread_count(connection, bob) == 2

    def test_mark_read_up_to_an_id(self, connection: Connection, bob: str, three: list[int]) -> None:
        assert inbox.mark_read(connection, bob, up_to=three[1])

        assert inbox.unread_count(connection, bob) == 1

    def test_second_mark_read_changes_nothing(self, connection: Connection, bob: str, three: list[int]) -> None:
        inbox.mark_read(connection, bob, ids=three)

        assert not inbox.mark_read(connection, bob, ids=three)

    def test_notifications_of_other_users_are_ignored(self, connection: Connection, ann: str, three: list[int]) -> None:
        assert not inbox.mark_read(connection, ann, ids=three)
        inbox.mark_read(connection, ann, up_to=three[-1])

        assert inbox.unread_count(connection, ann) == 1
        assert not inbox.mark_read(connection, "999", up_to=2**53 - 1)

    @pytest.mark.parametrize("chosen", [[], [2**53 - 1]])
    def test_unknown_ids_are_ignored(
        self, connection: Connection, bob: str, three: list[int], chosen: list[int]
    ) -> None:
        assert not inbox.mark_read(connection, bob, ids=chosen)
        assert inbox.unread_count(connection, bob) == len(three)


class TestAdd:
    def test_fields_of_the_event_are_kept(self, connection: Connection, ann: str, bob: str, note: type[Event]) -> None:
        value = {"a": [2**63, -(2**63), 0.5, None, True, "\0", "😀"], "b": {"offset": 1}}

        inbox.add(connection, note(value=value), recipient_id=bob, actor_id=ann)

        [row] = inbox.page(connection, bob, limit=1, before=None)
        assert payloads.build(row, {}, default_photo="/a.svg")["value"] == value

    @pytest.mark.parametrize(("more", "is_kept"), [(0, True), (1, False)], ids=["largest", "larger"])
    def test_data_has_a_largest_size(self, connection: Connection, note: type[Event], more: int, is_kept: bool) -> None:
        event = note(value="x" * (event_data.LARGEST_DATA - len('{"value":""}') + more))

        with nullcontext() if is_kept else pytest.raises(payloads.InvalidData, match="larger than 16384 bytes"):
            inbox.add(connection, event, recipient_id=1, actor_id=2)

        assert len(inbox.page(connection, 1, limit=9, before=None)) == is_kept

    def test_event_without_fields_keeps_no_data(self, connection: Connection, ann: str, bob: str) -> None:
        inbox.add(connection, FollowingNotify(), recipient_id=bob, actor_id=ann)

        assert connection.execute(select(Notification.data)).scalar_one() is None


def test_rows_with_a_former_name_are_listed_and_counted(
    connection: Connection, ann: str, bob: str, registry: None
) -> None:
    class _Renamed(Event, name="new name", former_names=("old name",)):
        pass

    write_notification(connection, bob, ann, event="old name")

    assert len(inbox.page(connection, bob, limit=9, before=None)) == inbox.unread_count(connection, bob) == 1


def test_unread_counts_of_many_users_are_read_at_once(
    connection: Connection, ann: str, bob: str, eve: str, three: list[int]
) -> None:
    assert inbox.unread_counts(connection, [ann, bob, eve]) == {ann: 1, bob: len(three), eve: 0}
