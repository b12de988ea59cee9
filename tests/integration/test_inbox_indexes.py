"""A page and a count read an index that has the user's rows of one state, and no row of others."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from core import inbox, inbox_counts, inbox_marks, stranger_requests
from core.db import Database
from core.inbox_filters import Filter
from core.inbox_marks import Change
from core.models import Notification
from tests.integration.story import Story

Act = Callable[[Connection, str], object]

PAGES: list[tuple[Act, list[str]]] = [
    (lambda connection, user: inbox.page(connection, user, limit=20), ["all"]),
    (lambda connection, user: inbox.page(connection, user, Filter("unread", "people"), limit=20), ["unread"]),
    (lambda connection, user: inbox.page(connection, user, Filter("archived"), limit=20), ["archived"]),
]
COUNTS: list[tuple[Act, list[str]]] = [
    (inbox_counts.count, ["unread", "unseen"]),
    (inbox_counts.count_states, ["all", "unread", "unseen", "archived"]),
]


@pytest.mark.parametrize(("act", "states"), PAGES + COUNTS)
def test_each_state_is_read_from_its_index(story: Story, act: Act, states: list[str]) -> None:
    plan = plan_of(story.database, lambda connection: act(connection, story.ann))

    if story.database.is_sqlite:  # it may take the index of a state that has the rows of this state too
        assert "SEARCH notifications USING" in plan
        assert "SCAN notifications" not in plan
        assert plan.count("INDEX ix_notifications_state_") >= len(states)
        return
    assert "Seq Scan" not in plan
    for state in states:
        assert f"Index Only Scan Backward using ix_notifications_state_{state} " in plan or (
            f"Index Only Scan using ix_notifications_state_{state} " in plan
        ), plan


def test_requests_are_counted_from_their_index(story: Story) -> None:
    filter = Filter(category="people")
    if story.database.is_sqlite:
        # Of two indexes with the same columns SQLite takes the newest. The migrations make this one last.
        [index] = [one for one in Notification.__table__.indexes if one.name == "ix_notifications_requests"]
        with story.database.transaction() as connection:
            index.drop(connection)
            index.create(connection)

    plan = plan_of(
        story.database, lambda it: stranger_requests.count(it, story.ann, filter, muted={str(story.others[0])})
    )

    assert "ix_notifications_requests" in plan


def test_marks_find_their_rows_by_id(story: Story) -> None:
    """The statistics know of no archived row, as they do when a user has just archived 100,000."""
    ids = list(range(1, 2001))

    plan = plan_of(story.database, lambda it: inbox_marks.mark(it, story.ann, ids, Change(archived=False)))

    assert "ix_notifications_state" not in plan


def plan_of(database: Database, act: Callable[[Connection], object]) -> str:
    asked: list[Any] = []
    with database.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda _c, _cursor, *call: asked.append(call[:2]))
        act(connection)
        [(statement, parameters)] = asked
        if database.is_sqlite:
            return str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())
        connection.execute(text("VACUUM ANALYZE notifications"))
        connection.execute(text("SET enable_seqscan = off"))  # with few rows it would scan the table
        connection.execute(text("SET enable_bitmapscan = off"))
        return str(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all())
