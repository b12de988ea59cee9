"""Marks: what they change, and what they leave."""

from itertools import chain

import pytest
from sqlalchemy import Connection

from app.events import CommentNotify, FollowingNotify
from core import inbox, inbox_counts, inbox_marks
from core.inbox_filters import EVERYTHING, STATES, Filter
from core.inbox_marks import Change
from core.unread import Counts
from tests.rows import write_notification

READ = Change(read=True)


@pytest.fixture
def three(connection: Connection, ann: str, bob: str, eve: str) -> list[int]:
    """The ids of bob's three notifications, newest first; the newest is a comment. Ann has a notification too."""
    for event in (FollowingNotify(), FollowingNotify(), CommentNotify(art_id=1, art_title="Rain")):
        inbox.add(connection, event, recipient_id=bob, actor_id=ann)
    inbox.add(connection, FollowingNotify(), recipient_id=ann, actor_id=eve)
    return [row.id for row in inbox.page(connection, bob, limit=9)]


def states(connection: Connection, user_id: str, notification_id: int) -> str:
    """Return the first letters of the states that a notification has: seen, read, archived."""
    rows = [row for state in ("all", "archived") for row in inbox.page(connection, user_id, Filter(state), limit=9)]
    [row] = [row for row in rows if row.id == notification_id]
    times = {"s": row.seen_at, "r": row.read_at, "a": row.archived_at}
    return "".join(letter for letter, time in times.items() if time is not None)


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ([Change(seen=True)], "s"),
        ([Change(read=True)], "sr"),
        ([Change(archived=True)], "a"),
        ([Change(seen=True), Change(seen=False)], ""),
        ([Change(read=True), Change(read=False)], "s"),
        ([Change(read=True), Change(seen=False)], ""),
        ([Change(archived=True), Change(archived=False)], ""),
        ([Change(read=True, archived=True)], "sra"),
        ([Change(read=True, archived=True), Change(read=False, archived=False, seen=False)], ""),
        ([Change(archived=True), Change(read=True)], "sra"),
    ],
)
def test_each_mark_can_be_taken_back(
    connection: Connection, bob: str, three: list[int], changes: list[Change], result: str
) -> None:
    for change in changes:
        assert inbox_marks.mark(connection, bob, three[:1], change) == three[:1]

    assert states(connection, bob, three[0]) == result
    assert states(connection, bob, three[1]) == ""


@pytest.mark.parametrize("change", [Change(seen=True), READ, Change(archived=True)])
def test_second_mark_changes_nothing(connection: Connection, bob: str, three: list[int], change: Change) -> None:
    assert inbox_marks.mark(connection, bob, three, change) == three

    assert inbox_marks.mark(connection, bob, three, change) == []


@pytest.mark.parametrize("change", [Change(seen=False), Change(read=False), Change(archived=False)])
def test_nothing_is_taken_back_that_was_not_marked(
    connection: Connection, bob: str, three: list[int], change: Change
) -> None:
    assert inbox_marks.mark(connection, bob, three, change) == []


def test_what_the_last_release_has_read_counts_as_seen(connection: Connection, ann: str, bob: str) -> None:
    old = write_notification(connection, bob, ann, read_at=5)

    assert inbox_marks.mark(connection, bob, [old], Change(seen=True)) == []
    assert inbox_marks.mark(connection, bob, [old], Change(read=False)) == [old]

    [row] = inbox.page(connection, bob, limit=9)
    assert (row.seen_at, row.read_at) == (5, None)
    assert inbox_counts.count(connection, bob) == Counts(unread=1, unseen=0)


def test_notifications_of_other_users_are_ignored(connection: Connection, ann: str, three: list[int]) -> None:
    assert inbox_marks.mark(connection, ann, three, READ) == []
    inbox_marks.mark_batch(connection, ann, Filter(up_to=three[0]), READ)

    assert inbox_counts.count(connection, ann) == Counts(1, 1)
    assert inbox_marks.mark_batch(connection, "999", EVERYTHING, READ) == ([], None)


@pytest.mark.parametrize("chosen", [[], [2**53 - 1]])
def test_unknown_ids_are_ignored(connection: Connection, bob: str, three: list[int], chosen: list[int]) -> None:
    assert inbox_marks.mark(connection, bob, chosen, READ) == []


@pytest.mark.parametrize("column", ["withdrawn_at", "not_sent"])
def test_what_is_not_shown_is_not_marked(connection: Connection, ann: str, bob: str, column: str) -> None:
    hidden = write_notification(connection, bob, ann, **{column: 5})

    assert inbox_marks.mark(connection, bob, [hidden], READ) == []
    assert inbox_marks.mark_batch(connection, bob, EVERYTHING, READ) == ([], None)


class TestFilter:
    @pytest.mark.parametrize(
        ("filter", "marked"),
        [
            (EVERYTHING, [0, 1, 2]),
            (Filter(category="people"), [1, 2]),
            (Filter(category="articles"), [0]),
            (Filter("archived"), []),
        ],
    )
    def test_only_what_it_selects_is_marked(
        self, connection: Connection, bob: str, three: list[int], filter: Filter, marked: list[int]
    ) -> None:
        expected = [three[place] for place in marked]

        assert inbox_marks.mark_batch(connection, bob, filter, READ) == (expected, None)

        assert [one for one in three if "r" in states(connection, bob, one)] == expected

    def test_it_ends_at_an_id(self, connection: Connection, bob: str, three: list[int]) -> None:
        assert inbox_marks.mark_batch(connection, bob, Filter(up_to=three[1]), READ) == (three[1:], None)

    def test_archived_ones_are_chosen_by_their_state(self, connection: Connection, bob: str, three: list[int]) -> None:
        inbox_marks.mark(connection, bob, three[:1], Change(archived=True))

        assert inbox_marks.mark_batch(connection, bob, EVERYTHING, READ)[0] == three[1:]
        assert inbox_marks.mark_batch(connection, bob, Filter("archived"), Change(archived=False))[0] == three[:1]

    def test_batches_go_on_until_none_is_left(self, connection: Connection, ann: str, bob: str) -> None:
        for _ in range(7):
            inbox.add(connection, FollowingNotify(), recipient_id=bob, actor_id=ann)
        batches: list[list[int]] = []
        before: int | None = None

        while not batches or before is not None:
            changed, before = inbox_marks.mark_batch(connection, bob, EVERYTHING, READ, limit=3, before=before)
            batches.append(changed)

        assert [len(batch) for batch in batches] == [3, 3, 1]
        assert [*chain(*batches)] == [row.id for row in inbox.page(connection, bob, limit=9)]


class TestCounts:
    def test_many_users_are_counted_at_once(
        self, connection: Connection, ann: str, bob: str, eve: str, three: list[int]
    ) -> None:
        inbox_marks.mark(connection, bob, three[:1], Change(seen=True))

        counted = inbox_counts.count_many(connection, [ann, bob, eve])

        assert counted == {ann: Counts(1, 1), bob: Counts(unread=3, unseen=2), eve: Counts()}

    def test_states_are_counted_by_category(self, connection: Connection, bob: str, three: list[int]) -> None:
        inbox_marks.mark(connection, bob, three[2:], Change(archived=True))
        inbox_marks.mark(connection, bob, three[1:2], Change(seen=True))

        counted = inbox_counts.count_states(connection, bob)

        assert counted == {"all": 2, "unread": 2, "unseen": 1, "archived": 1}
        assert inbox_counts.count_states(connection, bob, Filter(category="people")) == {
            "all": 1,
            "unread": 1,
            "unseen": 0,
            "archived": 1,
        }

    def test_counts_and_lists_agree(self, connection: Connection, bob: str, three: list[int]) -> None:
        for place, change in enumerate((Change(seen=True), READ, Change(archived=True))):
            inbox_marks.mark(connection, bob, [three[place]], change)

        counted = inbox_counts.count_states(connection, bob)

        listed = {state: len(inbox.page(connection, bob, Filter(state), limit=9)) for state in STATES}
        assert {state: counted[state] for state in STATES} == listed

    def test_no_count_is_above_1000(self, connection: Connection, ann: str, bob: str) -> None:
        for _ in range(1005):
            write_notification(connection, bob, ann)

        assert inbox_counts.count(connection, bob) == Counts(1000, 1000)
        assert inbox_counts.count_states(connection, bob) == {
            "all": 1000,
            "unread": 1000,
            "unseen": 1000,
            "archived": 0,
        }
