"""The durable inbox."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection

from app import events
from app.services import inbox, payloads


@pytest.fixture
def three(connection: Connection, ann: int, bob: int, eve: int) -> list[int]:
    """The ids of bob's three notifications, oldest first. Ann has one too."""
    for _ in range(3):
        inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=bob, actor_id=ann)
    inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=ann, actor_id=eve)
    return ids(connection, bob)[::-1]


def ids(connection: Connection, user_id: int, *, limit: int = 100, before: int | None = None) -> list[int]:
    return [row.id for row in inbox.page(connection, user_id, limit=limit, before=before)]


def nested(depth: int) -> list[Any]:
    outermost: list[Any] = []
    for _ in range(depth - 1):
        outermost = [outermost]
    return outermost


class TestPage:
    def test_pages_go_back_in_time_without_holes(self, connection: Connection, bob: int, three: list[int]) -> None:
        first = ids(connection, bob, limit=2)
        second = ids(connection, bob, limit=2, before=first[-1])

        assert [first, second] == [[three[2], three[1]], [three[0]]]

    def test_the_data_kept_with_a_notification_comes_back(self, connection: Connection, ann: int, bob: int) -> None:
        inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=bob, actor_id=ann, data={"a": [1, "ä"]})

        [row] = inbox.page(connection, bob, limit=1, before=None)

        assert payloads.build(row, {}, default_photo="/a.svg")["a"] == [1, "ä"]


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


class TestAdd:
    @pytest.mark.parametrize(
        ("data", "why"),
        [
            ({"offset": "1-0"}, "keys that are reserved: offset"),
            ({"user_name": "Eve", "id": 7, "a": 1}, "keys that are reserved: id, user_name"),
            ([1], "is a list"),
            ("text", "is a str"),
            ({1: "a"}, "key must be str"),
            ({"a": {2: "b"}}, "key must be str"),
            ({"a": 2**64}, "64-bit"),
            ({"a": [float("nan")]}, "nan"),
            ({"a": float("-inf")}, "-inf"),
            ({"a": "\ud800"}, "surrogates"),
            ({"\ud800": 1}, "surrogates"),
            ({"a": b"bytes"}, "holds a bytes"),
            ({"a": date(2020, 1, 1)}, "holds a date"),
            ({"a": "x" * payloads.LARGEST_DATA}, "larger than 16384 bytes"),
            ({"a": nested(payloads.DEEPEST_DATA)}, "deeper than 16"),
            ({"a": nested(100_000)}, "deeper than 16"),
        ],
    )
    def test_what_could_not_be_sent_is_refused_with_the_reason(
        self, connection: Connection, ann: int, bob: int, data: Any, why: str
    ) -> None:
        with pytest.raises(payloads.InvalidData, match=why):
            inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=bob, actor_id=ann, data=data)

    def test_an_event_that_nobody_knows_is_refused(self, connection: Connection, ann: int, bob: int) -> None:
        with pytest.raises(payloads.UnknownEvent, match="there is no event 'nonsense'"):
            inbox.add(connection, "nonsense", recipient_id=bob, actor_id=ann)

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"a": [2**63, -(2**63), 0.5, None, True, "\0", "😀"], "b": {"offset": 1}},
            {"a": "x" * (payloads.LARGEST_DATA - len('{"a":""}'))},
            {"a": "\1" * (payloads.LARGEST_DATA // 6 - 2)},
            {"a": "é" * (payloads.LARGEST_DATA // 2 - 4)},
            {"a": [1] * (payloads.LARGEST_DATA // 2 - 4)},
            {"a": nested(payloads.DEEPEST_DATA - 1)},
        ],
        ids=["nothing", "any value", "largest", "largest of escapes", "largest of é", "largest of numbers", "deepest"],
    )
    def test_what_is_within_the_bounds_comes_back(
        self, connection: Connection, ann: int, bob: int, data: dict[str, object]
    ) -> None:
        inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=bob, actor_id=ann, data=data)

        [row] = inbox.page(connection, bob, limit=1, before=None)

        built = payloads.build(row, {}, default_photo="/a.svg")
        assert {key: built[key] for key in data} == data


def test_many_are_counted_at_once(connection: Connection, ann: int, bob: int, eve: int, three: list[int]) -> None:
    assert inbox.unread_counts(connection, [ann, bob, eve]) == {ann: 1, bob: len(three), eve: 0}
