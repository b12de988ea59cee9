"""The package writes notifications in the transaction of its caller, on SQLite, with each kind of connection."""

import asyncio
import json
import sqlite3
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Uuid, column, create_engine, select, table
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from tests.unit.clients import tables
from toutiao_push import InvalidActor, InvalidKey, InvalidPayload, InvalidRecipient, Push, UnknownEvent

FANS = table("fans", column("id", Uuid()))
DATA = {"art_id": 1, "title": "é"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tables.create(tmp_path)


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{file}")
    yield engine
    engine.dispose()


@pytest.fixture
def push() -> Push:
    return Push(tables.EVENTS)


class TestRows:
    def test_a_row_has_what_the_call_says_and_the_time(self, push: Push, engine: Engine, file: Path) -> None:
        before = int(time.time())
        with Session(engine) as session:
            id_ = push.notify(session, "liked", to=7, actor="ann", data=DATA, key="once")
            session.commit()

        [row] = tables.rows(file)
        assert (row["id"], row["recipient_id"], row["actor_id"], row["event"]) == (id_, "7", "ann", "liked")
        assert json.loads(row["data"]) == DATA
        assert before - 1 <= row["created_at"] <= time.time() + 1
        assert row["key"] == "once"

    def test_ids_grow_with_the_clock(self, push: Push, engine: Engine) -> None:
        with Session(engine) as session:
            ids = [push.notify(session, "greeted", to="bob") for _ in range(3)]

        assert ids == sorted(set(ids))
        assert abs((ids[0] >> 12) + 1_700_000_000_000 - time.time() * 1000) < 60_000

    def test_a_rollback_leaves_nothing(self, push: Push, engine: Engine, file: Path) -> None:
        with Session(engine) as session:
            push.notify(session, "greeted", to="bob")
            session.rollback()

        assert tables.rows(file) == []

    def test_a_key_is_used_once_for_each_event_and_user(self, push: Push, engine: Engine) -> None:
        with Session(engine) as session:
            assert push.notify(session, "greeted", to="bob", key="k") is not None
            assert push.notify(session, "greeted", to="bob", key="k") is None
            assert push.notify(session, "greeted", to="eve", key="k") is not None
            assert push.notify(session, "liked", to="bob", key="k", data=DATA) is not None
            assert push.notify_many(session, "greeted", to=["bob", "eve", "joe"], key="k") == 1


class TestMany:
    def test_each_user_of_a_list_is_told_once(self, push: Push, engine: Engine, file: Path) -> None:
        with Session(engine) as session:
            assert push.notify_many(session, "greeted", to=[3, "bob", "3", "o'neil"]) == 3
            assert push.notify_many(session, "greeted", to=[]) == 0
            session.commit()

        assert [row["recipient_id"] for row in tables.rows(file)] == ["3", "bob", "o'neil"]

    def test_a_select_gives_uuids_in_their_usual_form(self, push: Push, engine: Engine, file: Path) -> None:
        fans = [uuid.uuid4() for _ in range(3)]
        with Session(engine) as session:
            session.execute(FANS.insert(), [{"id": fan} for fan in fans])
            assert push.notify_many(session, "greeted", to=select(FANS.c.id), key="k") == 3
            assert push.notify_many(session, "greeted", to=select(FANS.c.id), key="k") == 0
            session.commit()

        assert {row["recipient_id"] for row in tables.rows(file)} == {str(fan) for fan in fans}

    def test_a_select_of_two_columns_is_refused(self, push: Push, engine: Engine) -> None:
        with Session(engine) as session, pytest.raises(TypeError, match="one column"):
            push.notify_many(session, "greeted", to=select(FANS.c.id, FANS.c.id.label("again")))


class TestKindsOfConnections:
    def test_connection(self, push: Push, engine: Engine, file: Path) -> None:
        with engine.begin() as connection:
            push.notify(connection, "greeted", to="bob")

        assert len(tables.rows(file)) == 1

    def test_registry_of_sessions(self, push: Push, engine: Engine, file: Path) -> None:
        session = scoped_session(sessionmaker(engine))
        push.notify(session, "greeted", to="bob")
        session.commit()
        session.remove()

        assert len(tables.rows(file)) == 1

    @pytest.mark.parametrize("factory", [None, sqlite3.Row], ids=["tuples", "rows"])
    def test_cursor(self, push: Push, file: Path, factory: Any) -> None:
        connection = sqlite3.connect(file)
        connection.row_factory = factory
        cursor = connection.cursor()
        assert push.notify(cursor, "liked", to="bob", data=DATA, key="a:b") is not None
        assert push.notify_many(cursor, "greeted", to=["bob", "eve"]) == 2
        assert tables.rows(file) == []
        connection.commit()
        connection.close()

        assert [row["key"] for row in tables.rows(file)] == ["a:b", None, None]

    def test_asynchronous_session_and_connection(self, push: Push, file: Path) -> None:
        async def notify() -> None:
            engine = create_async_engine(f"sqlite+aiosqlite:///{file}")
            async with AsyncSession(engine) as session:
                assert await push.notify_async(session, "greeted", to="bob") is not None
                await session.commit()
                await push.notify_async(session, "greeted", to="bob")
                await session.rollback()
            async with engine.begin() as connection:
                assert await push.notify_many_async(connection, "greeted", to=["eve", "joe"]) == 2
            await engine.dispose()

        asyncio.run(notify())

        assert [row["recipient_id"] for row in tables.rows(file)] == ["bob", "eve", "joe"]

    def test_what_is_no_connection_is_refused(self, push: Push) -> None:
        with pytest.raises(TypeError, match="is no session"):
            push.notify(object(), "greeted", to="bob")
        with pytest.raises(TypeError, match="is no AsyncSession"):
            asyncio.run(push.notify_async(object(), "greeted", to="bob"))

    def test_a_session_is_not_flushed_but_for_a_select(self, push: Push, engine: Engine) -> None:
        flushed: list[int] = []

        class Watched(Session):
            def flush(self, objects: Any = None) -> None:
                flushed.append(1)
                super().flush(objects)

        with Watched(engine) as session:
            push.notify(session, "greeted", to="bob")
            assert flushed == []
            push.notify_many(session, "greeted", to=select(FANS.c.id))
            assert flushed == [1]


class TestBadInput:
    @pytest.mark.parametrize(
        ("options", "error", "field"),
        [
            ({"event": "unknown"}, UnknownEvent, "event"),
            ({"event": None}, UnknownEvent, "event"),
            ({"to": ""}, InvalidRecipient, "to"),
            ({"to": "x" * 65}, InvalidRecipient, "to"),
            ({"to": "a\nb"}, InvalidRecipient, "to"),
            ({"to": "\ud800"}, InvalidRecipient, "to"),
            ({"to": 0}, InvalidRecipient, "to"),
            ({"to": True}, InvalidRecipient, "to"),
            ({"to": None}, InvalidRecipient, "to"),
            ({"to": 1.5}, InvalidRecipient, "to"),
            ({"actor": "\0"}, InvalidActor, "actor"),
            ({"key": ""}, InvalidKey, "key"),
            ({"key": "k" * 256}, InvalidKey, "key"),
            ({"key": 5}, InvalidKey, "key"),
            ({"event": "liked", "data": None}, InvalidPayload, "data"),
            ({"event": "liked", "data": {"art_id": 1, "title": 2}}, InvalidPayload, "data.title"),
            ({"event": "greeted", "data": {"user_name": "x"}}, InvalidPayload, "data.user_name"),
        ],
    )
    def test_nothing_is_written(
        self, push: Push, engine: Engine, options: dict[str, Any], error: type[Exception], field: str
    ) -> None:
        given = {"event": "greeted", "to": "bob", **options}
        with Session(engine) as session:
            with pytest.raises(error) as raised:
                push.notify(session, **given)
            assert raised.value.field == field
            assert not session.in_transaction()

    def test_a_bad_recipient_of_many_is_named_by_its_place(self, push: Push, engine: Engine) -> None:
        with Session(engine) as session:
            for to in (["bob", ""], ["bob", None]):
                with pytest.raises(InvalidRecipient) as raised:
                    push.notify_many(session, "greeted", to=to)
                assert raised.value.field == "to[1]"
            with pytest.raises(InvalidRecipient, match="list"):
                push.notify_many(session, "greeted", to="bob")

    @pytest.mark.parametrize("schema", ["", "a.b", 'a"b', "a b"])
    def test_a_schema_that_is_no_name_is_refused(self, schema: str) -> None:
        with pytest.raises(ValueError, match="schema"):
            Push(tables.EVENTS, schema=schema)
