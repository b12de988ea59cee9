"""Lists with groups on both databases, also where a group has many members."""

import time
from typing import Any

import pytest
from sqlalchemy import insert

from core import inbox, inbox_counts, inbox_marks
from core.db import Database
from core.inbox_filters import EVERYTHING, Filter
from core.inbox_marks import Change
from core.models import Notification

ANN = "1"
MANY = 10_000
_MOST_SECONDS = 1.0  # a busy machine; a quiet one needs less than a tenth


def write(database: Database, first: int, count: int, group_id: int | None) -> None:
    rows = [
        {
            "id": first + n,
            "recipient_id": ANN,
            "actor_id": str(100 + n),
            "event": "following notify",
            "group_key": None if group_id is None else "following",
            "group_id": group_id,
        }
        for n in range(count)
    ]
    with database.transaction() as connection:
        connection.execute(insert(Notification), rows)


def page(database: Database, filter: Filter = EVERYTHING, **part: Any) -> list[tuple[int, int]]:
    """Return the ids of a page with groups, and the count of each."""
    with database.reading() as connection:
        rows = inbox.page(connection, ANN, filter, is_collapsed=True, **{"limit": 20, **part})
        members = inbox.members(connection, ANN, rows, state=filter.state)
        return [(row.id, members[row.group_id].count if row.group_id else 1) for row in rows]


@pytest.fixture
def filled(database: Database) -> Database:
    write(database, 1, 3, 1)
    write(database, 10, 2, None)
    write(database, 20, 5, 20)
    return database


def test_page_has_the_newest_of_each_group(filled: Database) -> None:
    assert page(filled) == [(24, 5), (11, 1), (10, 1), (3, 3)]
    assert page(filled, limit=2) == [(24, 5), (11, 1)]
    assert page(filled, before=11) == [(10, 1), (3, 3)]
    assert page(filled, before=22) == [(11, 1), (10, 1), (3, 3)]
    assert page(filled, Filter(group="following")) == [(24, 5), (3, 3)]
    assert page(filled, Filter(group="liking:5")) == []


def test_page_and_counts_are_those_of_the_state(filled: Database) -> None:
    with filled.transaction() as connection:
        inbox_marks.mark(connection, ANN, [24, 3], Change(read=True))
        inbox_marks.mark(connection, ANN, [23], Change(archived=True))

    assert page(filled) == [(24, 4), (11, 1), (10, 1), (3, 3)]
    assert page(filled, Filter("unread")) == [(22, 3), (11, 1), (10, 1), (2, 2)]
    assert page(filled, Filter("archived")) == [(23, 1)]
    with filled.reading() as connection:
        assert inbox_counts.count_states(connection, ANN, Filter(group="following")) == {
            "all": 7,
            "unread": 5,
            "unseen": 5,
            "archived": 1,
        }


def test_mark_takes_what_is_gathered_in_parts(filled: Database) -> None:
    marked: list[int] = []
    is_more = True
    while is_more:
        with filled.transaction() as connection:
            ids, is_more = inbox_marks.mark_groups(connection, ANN, [22, 10], Change(read=True), limit=2)
        marked += ids

    assert marked == [22, 21, 20]


def test_page_with_a_large_group_is_fast(filled: Database) -> None:
    write(filled, 1000, MANY, 1000)
    with filled.transaction() as connection:
        if not filled.is_sqlite:
            connection.exec_driver_sql("ANALYZE notifications")
    began = time.perf_counter()

    found = page(filled)

    took = time.perf_counter() - began
    assert found == [(1000 + MANY - 1, 1000), (24, 5), (11, 1), (10, 1), (3, 3)]
    print(f"a page with a group of {MANY}: {took * 1000:.0f} ms")
    assert took < _MOST_SECONDS
