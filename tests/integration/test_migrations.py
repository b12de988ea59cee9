"""The schema that Alembic makes is the one that the models describe, on both databases."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from app.db import Database
from app.models import Base
from tests.services import PostgreSQL
from tests.system import BIN, ROOT


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/toutiao.sqlite3"
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        url = server.create_database()
    database = Database(url)
    yield database
    database.close()


def alembic(database: Database, *arguments: str) -> None:
    done = run(database.engine.url.render_as_string(hide_password=False), *arguments)
    assert done.returncode == 0, done.stderr


def run(url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": url}  # all that they need
    return subprocess.run(
        [str(BIN / "alembic"), *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def test_up_to_the_models_again_without_harm_and_down_to_nothing(empty: Database) -> None:
    alembic(empty, "upgrade", "head")
    alembic(empty, "upgrade", "head")

    with empty.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    assert tables(empty) >= set(Base.metadata.tables)

    alembic(empty, "downgrade", "base")

    assert tables(empty) == {"alembic_version"}


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("sqlite:////no/such/folder/file", "DATABASE_URL: does not answer"),
        ("sqlite://", "DATABASE_URL: should name a file"),
        ("postgresql+psycopg://user:secret@127.0.0.1:1/x", "DATABASE_URL: does not answer"),
    ],
)
def test_a_database_that_is_away_is_named_in_one_line(url: str, complaint: str) -> None:
    done = run(url, "upgrade", "head")

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(complaint)
    assert "secret" not in line
