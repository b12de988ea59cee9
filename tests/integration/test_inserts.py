"""Notifications for many users are made in one statement, once for each key, on both databases."""

import pytest
from sqlalchemy import select, text

from app.events import FollowingNotify
from core import idempotent_calls, inserts
from core.db import Database
from core.idempotent_calls import Call
from core.models import Notification

EVENT = FollowingNotify.declaration.name


def make(database: Database, recipient_ids: list[str], **options: object) -> dict[str, int]:
    with database.transaction() as connection:
        return inserts.insert_many(connection, EVENT, recipient_ids=recipient_ids, **options)  # type: ignore[arg-type]


def test_each_user_is_told_once_of_a_key(database: Database) -> None:
    first = make(database, ["3", "1", "2", "1"], key="k")

    again = make(database, ["4", "3"], key="k")

    assert sorted(first) == ["1", "2", "3"]
    assert again["3"] == first["3"]
    assert make(database, ["3"])["3"] != first["3"]
    with database.reading() as connection:
        rows = connection.execute(select(Notification.created_at, Notification.attempts)).all()
    assert len(rows) == 5
    assert all(created_at > 1_700_000_000 and attempts == 0 for created_at, attempts in rows)


def test_key_of_another_thing_writes_nothing(database: Database) -> None:
    make(database, ["3"], key="k", data={"a": 1})

    with pytest.raises(inserts.KeyReused, match="user 3 with other data"):
        make(database, ["2", "3"], key="k", data={"a": 2})

    with database.reading() as connection:
        assert connection.execute(select(Notification.recipient_id)).scalars().all() == ["3"]


def test_statement_of_any_language_makes_a_notification(database: Database) -> None:
    """Without SQLAlchemy: the columns of docs/sql.md are enough."""
    statement = "INSERT INTO notifications (recipient_id, event, data, key) VALUES (7, 'following notify', '{}', 'k')"
    with database.transaction() as connection:
        connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"{statement} ON CONFLICT DO NOTHING")

    with database.reading() as connection:
        [row] = connection.execute(text("SELECT id, created_at, attempts FROM notifications"))
    assert row.id > 0
    assert row.created_at > 1_700_000_000
    assert row.attempts == 0


def test_call_that_is_still_running_is_not_repeated(postgres: Database) -> None:
    call = Call("shop", "k", {"a": 1})
    with postgres.transaction() as first:
        assert idempotent_calls.once(first, call, lambda: "done") == ("done", False)
        with pytest.raises(idempotent_calls.StillRunning), postgres.transaction() as second:
            idempotent_calls.once(second, call, lambda: "again")

    with postgres.transaction() as third:
        assert idempotent_calls.once(third, call, lambda: "again") == ("done", True)


def test_call_that_failed_leaves_nothing(database: Database) -> None:
    call = Call("shop", "k", {"a": 1})
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        idempotent_calls.once(connection, call, lambda: 1 // 0)

    with database.transaction() as connection:
        assert idempotent_calls.once(connection, call, lambda: "done") == ("done", False)
