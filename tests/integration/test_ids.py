"""Ids of notifications are not given twice."""

import time

import pytest
from sqlalchemy import delete, func, insert, select

from app import events
from app.db import Database
from app.models import Notification
from app.services import inbox


def add(database: Database, users: list[int]) -> int:
    """Add a notification; return its id."""
    with database.transaction() as connection:
        inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=users[0], actor_id=users[1])
        return int(connection.execute(select(func.max(Notification.id))).scalar_one())


class TestOnSqlite:
    @pytest.fixture
    def database(self, sqlite: Database) -> Database:
        return sqlite

    def test_they_grow_and_a_double_holds_them(self, database: Database, users: list[int]) -> None:
        first, second = add(database, users), add(database, users)

        assert 2**40 < first < second < 2**53

    def test_one_that_was_lost_is_not_given_again(self, database: Database, users: list[int]) -> None:
        lost = add(database, users)
        with database.transaction() as connection:
            connection.execute(delete(Notification))
        time.sleep(0.002)  # a database is not restored within a millisecond

        assert add(database, users) > lost

    def test_a_clock_that_was_ahead_leaves_them_growing(self, database: Database, users: list[int]) -> None:
        row = {"recipient_id": users[0], "actor_id": users[1], "event": events.FOLLOWING_NOTIFY, "created_at": 1}
        with database.transaction() as connection:
            connection.execute(insert(Notification).values(id=2**52, **row))

        assert add(database, users) == 2**52 + 1
