"""A private database in a file, so that several connections see the same data, as in production."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import hypothesis
import pytest
from pydantic import JsonValue
from sqlalchemy import Connection

from app.services import accounts
from core import declarations
from core.db import Database
from core.declarations import Event
from tests import schema

# The time of an example depends on the machine.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test declares is forgotten after it."""
    monkeypatch.setattr(declarations, "_by_name", dict(declarations._by_name))
    monkeypatch.setattr(declarations, "_known_names", declarations.known_names())


@pytest.fixture
def note(registry: None) -> type[Event]:
    """An event that can have any data."""

    class Note(Event, name="test note"):
        value: JsonValue

    return Note


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(schema.make_sqlite(tmp_path / "toutiao.sqlite3")) as database:
        yield database


@pytest.fixture
def ann(database: Database) -> int:
    return _sign_up(database, "ann")


@pytest.fixture
def bob(database: Database) -> int:
    return _sign_up(database, "bob")


@pytest.fixture
def eve(database: Database) -> int:
    return _sign_up(database, "eve")


@pytest.fixture
def connection(database: Database, ann: int, bob: int, eve: int) -> Iterator[Connection]:
    """The test's transaction, in a database with three users."""
    with database.transaction() as connection:
        yield connection


def _sign_up(database: Database, name: str) -> int:
    with database.transaction() as connection:
        return accounts.sign_up(connection, name=name, password_hash="not a hash")["id"]
