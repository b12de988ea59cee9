"""Two systems share one PostgreSQL database, each in its own schema."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
from sqlalchemy import text

from app.services import accounts, followings
from core import outbox
from core.db import Database
from tests.integration.test_migrations import run
from tests.services import PostgreSQL

SCHEMAS = ("news", "sports")


@pytest.fixture
def url(postgresql: PostgreSQL) -> str:
    """A database with two empty schemas."""
    url = postgresql.create_database()
    with closing(Database(url)) as database, database.transaction() as connection:
        for schema in SCHEMAS:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
    return url


def within(url: str, *schemas: str) -> str:
    return f"{url}?options=-csearch_path%3D{','.join(schemas)}"


@pytest.fixture
def both(url: str) -> Iterator[tuple[Database, Database]]:
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda schema: run(within(url, schema), "upgrade", "head"), SCHEMAS))
    assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
    with ExitStack() as stack:
        first, second = (stack.enter_context(closing(Database(within(url, schema)))) for schema in SCHEMAS)
        yield first, second


def follow(database: Database, name: str) -> int:
    """Have one user follow another; return the id of the only notification."""
    with database.transaction() as connection:
        target, follower = (accounts.sign_up(connection, name=f"{name}-{n}", password_hash="x")["id"] for n in range(2))
        assert followings.follow(connection, follower_id=follower, target_id=target)
    [row] = waiting(database)
    return row


def waiting(database: Database) -> list[int]:
    with outbox.claim(database, limit=10) as batch:
        return [row.id for row in batch.rows]


def test_each_system_has_its_own_rows_and_claims(both: tuple[Database, Database]) -> None:
    news, sports = both
    ids = [follow(news, "ann")] * 2
    follow(sports, "eve")
    with sports.transaction() as connection:  # ids begin with the time, so the test has to make them equal
        connection.execute(text("UPDATE notifications SET id = :id"), {"id": ids[0]})

    with outbox.claim(news, limit=10) as batch:
        assert [row.id for row in batch.rows] == [ids[0]]
        assert waiting(news) == []
        assert waiting(sports) == [ids[1]]
        batch.mark(dispatched=[ids[0]], failed=[])

    assert waiting(sports) == [ids[1]]


def test_migrations_of_two_schemas_do_not_wait_for_each_other(url: str) -> None:
    with closing(Database(within(url, "news"))) as database, database.transaction() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({0x70757368}, hashtext('news'))"))

        assert run(within(url, "sports"), "upgrade", "head").returncode == 0


def test_search_path_with_the_other_schema_is_refused(both: tuple[Database, Database], url: str) -> None:
    with closing(Database(url)) as database, database.transaction() as connection:
        connection.execute(text("CREATE SCHEMA weather"))

    done = run(within(url, "weather", "news"), "upgrade", "head")

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line == (
        "DATABASE_URL: its search_path has the schema news too, with tables of another system; leave only weather"
    )
    assert waiting(both[0]) == []
