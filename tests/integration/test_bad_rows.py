"""An invalid row of another program is dead-lettered alone, and the other rows are pushed."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import select

from app.factory import create_app
from app.services import accounts
from core import inbox, payloads, tokens
from core.db import Database
from core.models import Notification
from tests.integration.conftest import NEEDED
from tests.integration.story import Story
from tests.rows import write_notification

PushBatch = Callable[..., Any]

INVALID = {
    "an integer beyond 64 bits": ('{"n": 73786976294838206464}', "64-bit"),
    "an integer of 5,000 digits": ('{"n": %s}' % ("9" * 5000), "not JSON"),
    "a number beyond every float": ('{"n": 1e999}', "inf"),
    "a lone surrogate": (r'{"text": "\ud800"}', "surrogates"),
    "a lone surrogate as a key": (r'{"\ud800": 1}', "surrogates"),
    "the key offset": ('{"offset": "9-9"}', "reserved keys: offset"),
    "the key id": ('{"id": 9}', "reserved keys: id"),
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
    "no JSON": ("{", "not JSON"),
    "nothing": ("", "not JSON"),
    "NaN": ('{"n": NaN}', "NaN is not a JSON number"),
    "infinity": ('{"n": -Infinity}', "-Infinity is not a JSON number"),
    "a blob": (b"\xff\xfe", "not JSON"),
    "no UTF-8": (b'{"a": "\xff', "not JSON"),
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
    """The text of the column `data`, and what the failure reason should contain."""
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
        Notification.dead_lettered_at,
        Notification.failure_reason,
        Notification.dispatched_at,
    )
    with story.database.reading() as connection:
        return connection.execute(select(*columns).where(Notification.id == notification_id)).one()


def test_invalid_row_is_dead_lettered_with_its_reason_and_others_are_pushed(
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
    assert dead.dead_lettered_at
    assert "InvalidData: " in dead.failure_reason
    assert invalid[1] in dead.failure_reason
    assert len(dead.failure_reason) <= 500


def test_inbox_lists_an_invalid_row_without_its_data(story: Story, bad: int, client: FlaskClient) -> None:
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
    """SQLite stores values of any type in any column."""

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
    def test_column_of_another_type_does_not_block_other_rows(
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


class TestIds:
    """PostgreSQL takes any text without NUL as an id, SQLite any bytes as well."""

    @pytest.fixture(params=["sqlite", "postgres"])
    def database(self, request: pytest.FixtureRequest) -> Database:
        database: Database = request.getfixturevalue(request.param)
        return database

    @pytest.mark.parametrize("bad", ["", "a\nb", "\x85"], ids=ascii)
    @pytest.mark.parametrize("column", ["recipient_id", "actor_id"])
    def test_row_with_what_can_be_no_id_is_dead_lettered_alone(
        self, push_batch: PushBatch, story: Story, column: str, bad: str
    ) -> None:
        ids = {"recipient_id": story.ann, "actor_id": story.others[0], column: bad}
        with story.database.transaction() as connection:
            wrong = write_notification(connection, **ids)
            nobodys = write_notification(connection, story.ann, None)

        outcome = push_batch(story.resources(), limit=100)

        assert (len(outcome.pushed), outcome.failed) == (len(story.others) + 1, [wrong])
        assert row(story, wrong).dead_lettered_at
        assert "id" in row(story, wrong).failure_reason
        told = story.replayed()[-1]
        assert (told["id"], told["user_id"], told["user_name"]) == (nobodys, None, "")
        with story.database.reading() as connection:
            listed = inbox.page(connection, story.ann, limit=2, before=None)
        shown = [payloads.build_for_inbox(each, {}, default_photo="/a.svg")["user_id"] for each in listed]
        assert shown == ([None, None] if column == "actor_id" else [None, story.others[-1]])

    def test_bytes_as_an_id_hold_up_nobody(self, push_batch: PushBatch, sqlite: Database, redis: Redis) -> None:
        story = Story(sqlite, redis, [_sign_up(sqlite, name) for name in ("ann", "bob")])
        with sqlite.transaction() as connection:
            wrong = [write_notification(connection, b"\xff\n", b"\xff"), write_notification(connection, b"", story.ann)]

        outcome = push_batch(story.resources(), limit=100)

        assert (len(outcome.pushed), outcome.failed) == (1, wrong)


def _sign_up(database: Database, name: str) -> int:
    with database.transaction() as connection:
        return int(accounts.sign_up(connection, name=name, password_hash="x")["id"])
