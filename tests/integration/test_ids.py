"""Ids of notifications are never reused."""

import time

import pytest
from sqlalchemy import delete, func, insert, select

from app.events import FollowingNotify
from core import inbox
from core.db import Database
from core.models import Notification


def add(database: Database, users: list[int]) -> int:
    """Add a notification; return its id."""
    with database.transaction() as connection:
        inbox.add(connection, FollowingNotify(), recipient_id=str(users[0]), actor_id=str(users[1]))
        return int(connection.execute(select(func.max(Notification.id))).scalar_one())


class TestOnSqlite:
    @pytest.fixture
    def database(self, sqlite: Database) -> Database:
        return sqlite

    def test_ids_grow_and_fit_into_a_double(self, database: Database, users: list[int]) -> None:
        first, second = add(database, users), add(database, users)

        assert 2**40 < first < second < 2**53

    def test_id_of_a_lost_row_is_not_reused(self, database: Database, users: list[int]) -> None:
        lost = add(database, users)
        with database.transaction() as connection:
            connection.execute(delete(Notification))
        time.sleep(0.002)  # a database is not restored within a millisecond

        assert add(database, users) > lost

    def test_ids_keep_growing_after_a_clock_was_ahead(self, database: Database, users: list[int]) -> None:
        row = {"recipient_id": str(users[0]), "actor_id": str(users[1]), "event": "following notify", "created_at": 1}
        with database.transaction() as connection:
            connection.execute(insert(Notification).values(id=2**52, **row))

        assert add(database, users) == 2**52 + 1
