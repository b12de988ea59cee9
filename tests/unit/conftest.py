"""A database of one's own, in a file: several connections see the same, as in production."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Connection

from app.db import Database
from app.models import Base
from app.services import accounts

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/toutiao.sqlite3")
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


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
    """A transaction that the test works in, with three users there already."""
    with database.transaction() as connection:
        yield connection


def _sign_up(database: Database, name: str) -> int:
    with database.transaction() as connection:
        return accounts.sign_up(connection, name=name, password_hash="not a hash")["id"]
