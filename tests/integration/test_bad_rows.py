"""Rows that another program wrote and that can't be pushed: each stands alone, and its neighbours are pushed."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import select

from app import tokens
from app.db import Database
from app.factory import create_app
from app.models import Notification
from app.services import inbox, payloads
from tests.integration.conftest import NEEDED
from tests.integration.story import Story
from tests.rows import write_notification

PushBatch = Callable[..., Any]

INVALID = {
    "an integer beyond 64 bits": ('{"n": 73786976294838206464}', "64-bit"),
    "an integer of 5,000 digits": ('{"n": %s}' % ("9" * 5000), "no JSON"),
    "a number beyond every float": ('{"n": 1e999}', "inf"),
    "a lone surrogate": (r'{"text": "\ud800"}', "surrogates"),
    "a lone surrogate as a key": (r'{"\ud800": 1}', "surrogates"),
    "the key offset": ('{"offset": "9-9"}', "reserved: offset"),
    "the key id": ('{"id": 9}', "reserved: id"),
    "a list": ("[1, 2]", "is a list"),
    "a text": ('"text"', "is a str"),
    "a number": ("5", "is a int"),
    "false": ("false", "is a bool"),
    "too much": (json.dumps({"a": "x" * 20_000}), "larger than"),
    "far too much": (json.dumps({"a": "x" * 2_000_000}), "larger than"),
    "too deep": ('{"a": %s}' % ("[" * 500 + "]" * 500), "deeper than"),
    "far too deep": ('{"a": %s}' % ("[" * 4000 + "]" * 4000), "data"),
}
INVALID_IN_SQLITE = {  # PostgreSQL takes none of these
    "no JSON": ("{", "no JSON"),
    "nothing": ("", "no JSON"),
    "NaN": ('{"n": NaN}', "NaN is no number"),
    "infinity": ('{"n": -Infinity}', "-Infinity is no number"),
    "a blob": (b"\xff\xfe", "no JSON"),
    "no UTF-8": (b'{"a": "\xff', "no JSON"),
}


CASES = [
    *(("sqlite", name) for name in INVALID | INVALID_IN_SQLITE),
    *(("postgres", name) for name in INVALID),
]


@pytest.fixture(params=CASES, ids="-".join)
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    case: tuple[str, str] = request.param
    return case


@pytest.fixture
def database(request: pytest.FixtureRequest, case: tuple[str, str]) -> Database:
    database: Database = request.getfixturevalue(case[0])
    return database


@pytest.fixture
def invalid(case: tuple[str, str]) -> tuple[Any, str]:
    """What stands in the column `data`, and what the reason should say."""
    return (INVALID | INVALID_IN_SQLITE)[case[1]]


@pytest.fixture
def bad(story: Story, invalid: tuple[Any, str]) -> int:
    """The id of a bad notification to ann, among those of the story."""
    with story.database.transaction() as connection:
        bad = write_notification(connection, story.ann, story.others[0], data=invalid[0])
        write_notification(connection, story.ann, story.others[1], data='{"text": "hi"}')
    return bad


@pytest.fixture
def client(database: Database, redis: Redis) -> Iterator[FlaskClient]:
    url = database.engine.url.render_as_string(hide_password=False)
    address = redis.connection_pool.connection_kwargs
    redis_url = f"redis://{address['host']}:{address['port']}/0"
    app: Flask = create_app({**NEEDED, "DATABASE_URL": url, "REDIS_URL": redis_url})
    yield app.test_client()
    app.extensions["toutiao"].database.close()
    app.extensions["toutiao"].redis.close()


def row(story: Story, notification_id: int) -> Any:
    columns = (
        Notification.attempts,
        Notification.set_aside_at,
        Notification.failure_reason,
        Notification.dispatched_at,
    )
    with story.database.reading() as connection:
        return connection.execute(select(*columns).where(Notification.id == notification_id)).one()


def test_invalid_data_is_dead_lettered_at_once_with_its_reason_and_its_neighbours_are_pushed(
    push_batch: PushBatch, story: Story, bad: int, invalid: tuple[Any, str]
) -> None:
    outcome = push_batch(story.resources(), limit=100)

    assert (len(outcome.pushed), outcome.failed) == (len(story.others) + 1, [bad])
    told = story.replayed()
    assert [data["user_id"] for data in told] == [*story.others, story.others[1]]
    assert told[-1]["text"] == "hi"
    assert all(data["offset"].count("-") == 1 for data in told)
    assert story.waiting() == 0
    dead = row(story, bad)
    assert (dead.attempts, dead.dispatched_at) == (1, None)
    assert dead.set_aside_at
    assert "InvalidData: " in dead.failure_reason
    assert invalid[1] in dead.failure_reason
    assert len(dead.failure_reason) <= 500


def test_the_inbox_lists_a_row_with_invalid_data_without_it(story: Story, bad: int, client: FlaskClient) -> None:
    token = tokens.sign(NEEDED["JWT_SECRET"], user_id=story.ann)

    answer = client.get("/v1_0/user/notifications", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 200
    listed = {notification["id"]: notification for notification in answer.json["results"]}
    assert answer.json["unread_count"] == len(listed) == len(story.others) + 2
    data = listed[bad]["data"]
    assert data == {
        "user_id": story.others[0],
        "user_name": "user-1",
        "user_photo": "/static/default-photo.svg",
        "timestamp": listed[bad]["created_at"],
    }


class TestInSQLite:
    """It keeps values of any type in any column."""

    @pytest.fixture
    def database(self, sqlite: Database) -> Database:
        return sqlite

    @pytest.mark.parametrize(
        "columns",
        [
            {"created_at": "never"},
            {"created_at": b"\xff"},
            {"created_at": 1e300},
            {"created_at": -1},
            {"event": b"\xff"},
            {"event": "\0" * 100},
            {"attempts": "many"},
        ],
        ids=str,
    )
    def test_a_column_of_another_type_stops_nobody(
        self, push_batch: PushBatch, story: Story, columns: dict[str, Any]
    ) -> None:
        with story.database.transaction() as connection:
            write_notification(connection, story.ann, story.others[0], **columns)

        push_batch(story.resources(), limit=100)

        assert [data["user_id"] for data in story.replayed()][: len(story.others)] == story.others
        with story.database.reading() as connection:
            rows = inbox.page(connection, story.ann, limit=100, before=None)
        assert all(
            isinstance(payloads.build_for_inbox(row, {}, default_photo="/a.svg")["timestamp"], int) for row in rows
        )
