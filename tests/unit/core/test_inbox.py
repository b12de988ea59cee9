"""The durable inbox."""

from contextlib import nullcontext

import pytest
from sqlalchemy import Connection, select

from app.events import CommentNotify, FollowingNotify
from core import event_data, inbox, inbox_counts, inbox_marks, payloads
from core.declarations import Event
from core.inbox_filters import EVERYTHING, STATES, Filter, UnknownCategory
from core.inbox_marks import Change
from core.models import Notification
from tests.rows import write_notification


@pytest.fixture
def three(connection: Connection, ann: str, bob: str, eve: str) -> list[int]:
    """The ids of bob's three notifications, oldest first. Ann has one too."""
    for _ in range(3):
        inbox.add(connection, FollowingNotify(), recipient_id=bob, actor_id=ann)
    inbox.add(connection, FollowingNotify(), recipient_id=ann, actor_id=eve)
    return ids(connection, bob)[::-1]


def ids(
    connection: Connection, user_id: str, filter: Filter = EVERYTHING, *, limit: int = 100, before: int | None = None
) -> list[int]:
    return [row.id for row in inbox.page(connection, user_id, filter, limit=limit, before=before)]


class TestPage:
    def test_pages_go_back_in_time_without_gaps(self, connection: Connection, bob: str, three: list[int]) -> None:
        first = ids(connection, bob, limit=2)
        second = ids(connection, bob, limit=2, before=first[-1])

        assert [first, second] == [[three[2], three[1]], [three[0]]]

    def test_categories_make_one_list_in_the_order_of_ids(self, connection: Connection, ann: str, bob: str) -> None:
        for number in range(4):
            event = CommentNotify(art_id=1, art_title="Rain") if number % 2 else FollowingNotify()
            inbox.add(connection, event, recipient_id=bob, actor_id=ann)

        everything = ids(connection, bob)
        of_each = [ids(connection, bob, Filter(category=category)) for category in ("people", "articles")]

        assert everything == sorted(everything, reverse=True)
        assert of_each == [everything[1::2], everything[::2]]
        assert ids(connection, bob, limit=3) == everything[:3]

    def test_states_part_the_list(self, connection: Connection, bob: str, three: list[int]) -> None:
        inbox_marks.mark(connection, bob, three[:1], Change(read=True))
        inbox_marks.mark(connection, bob, three[1:2], Change(archived=True))

        lists = {state: ids(connection, bob, Filter(state)) for state in STATES}

        assert lists == {"all": [three[2], three[0]], "unread": [three[2]], "archived": [three[1]]}

    def test_unknown_category_is_an_error(self, connection: Connection, bob: str) -> None:
        with pytest.raises(UnknownCategory):
            ids(connection, bob, Filter(category="weather"))

    def test_what_is_not_sent_is_in_no_list(self, connection: Connection, ann: str, bob: str) -> None:
        write_notification(connection, bob, ann, not_sent="expired")

        assert [ids(connection, bob, Filter(state)) for state in STATES] == [[], [], []]
        assert inbox_counts.count_states(connection, bob) == dict.fromkeys(("all", "unread", "unseen", "archived"), 0)


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

    assert len(inbox.page(connection, bob, limit=9)) == inbox_counts.count(connection, bob).unread == 1
