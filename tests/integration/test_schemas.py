"""DATABASE_SCHEMA: systems share a database, each in a schema of its own, also behind a pooler."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, select, text, update

from app.models import Base, User
from app.services import accounts, followings
from core import inbox_counts, outbox, readiness, revocations
from core.db import Database
from core.models import Notification
from core.unread import Counts
from tests.integration.test_migrations import run
from tests.pgbouncer import PgBouncer
from tests.schema import migrate
from tests.services import PostgreSQL, running

OURS = {*Base.metadata.tables, "alembic_version"}


@pytest.fixture
def pooled(module_folder: Path, postgresql: PostgreSQL) -> Iterator[str]:
    """The URL of a database through a pooler: what one client sets for its session would be found by another."""
    narrow = {"default_pool_size": 3, "ignore_startup_parameters": "options"}
    for bouncer in running(PgBouncer(module_folder / "pgbouncer", postgresql, mode="transaction", **narrow)):
        yield bouncer.through(postgresql.create_database())


def upgrade(url: str, schema: str | None) -> None:
    done = run(url, "upgrade", "head", **({"DATABASE_SCHEMA": schema} if schema else {}))
    assert done.returncode == 0, done.stderr


def tables(database: Database, schema: str | None) -> set[str]:
    return set(inspect(database.engine.execution_options(schema_translate_map=None)).get_table_names(schema))


def follow(database: Database, name: str) -> None:
    """Have one user follow another, and give the notification the id 7: otherwise ids begin with the time."""
    with database.transaction() as connection:
        target, follower = (accounts.sign_up(connection, name=f"{name}-{n}", password_hash="x")["id"] for n in range(2))
        assert followings.follow(connection, follower_id=follower, target_id=target)
        revocations.revoke_user(connection, str(target))
        counts = inbox_counts.count_many(connection, [str(target), str(follower)])
        assert counts == {str(target): Counts(unread=1, unseen=1), str(follower): Counts()}
        connection.execute(update(Notification).values(id=7))


def waiting(database: Database) -> list[int]:
    with outbox.claim(database, limit=10) as batch:
        return [row.id for row in batch.rows]


def assert_they_share_nothing(first: Database, second: Database) -> None:
    for database in (first, second):
        assert tables(database, database.schema) == OURS
        readiness.check(database)
        follow(database, f"user of {database.schema}")
    with outbox.claim(first, limit=10) as one, outbox.claim(second, limit=10) as other:
        assert [row.id for row in (*one.rows, *other.rows)] == [7, 7]
        assert waiting(first) == waiting(second) == []
        other.mark(dispatched=[7], failed=[])
    assert (waiting(first), waiting(second)) == ([7], [])
    for database in (first, second):
        with database.reading() as connection:
            names = connection.execute(select(User.name).order_by(User.id)).scalars().all()
        assert names == [f"user of {database.schema}-0", f"user of {database.schema}-1"]


def test_systems_share_a_database_and_nothing_else(postgresql: PostgreSQL) -> None:
    url = postgresql.create_database()
    elsewhere = f"{url}?options=-csearch_path%3Delsewhere"  # the schema of the settings takes precedence
    with ThreadPoolExecutor() as pool:
        list(pool.map(upgrade, (url, elsewhere), (None, "news")))
    with closing(Database(url)) as first, closing(Database(elsewhere, schema="news")) as second:
        assert_they_share_nothing(first, second)

        migrate(command.downgrade, {"DATABASE_URL": elsewhere, "DATABASE_SCHEMA": "news"}, "base")

        assert tables(first, "news") == {"alembic_version"}
        assert tables(first, None) == OURS


def test_schemas_need_nothing_of_a_pooler(pooled: str) -> None:
    for schema in ("news", "sports"):
        migrate(command.upgrade, {"DATABASE_URL": pooled, "DATABASE_SCHEMA": schema}, "head")

    with closing(Database(pooled, schema="news")) as first, closing(Database(pooled, schema="sports")) as second:
        assert_they_share_nothing(first, second)
        assert tables(first, None) == set()


class TestWithoutRights:
    @pytest.fixture
    def narrow(self, postgresql: PostgreSQL) -> Iterator[tuple[str, Database]]:
        """The URL of a user with no rights in a database, and the owner's connections."""
        url = postgresql.create_database()
        with closing(Database(url)) as owner:
            name = url.rpartition("/")[2]
            with owner.transaction() as connection:
                connection.execute(text(f'CREATE ROLE "{name}" LOGIN'))
            yield url.replace("toutiao@", f"{name}@"), owner

    def test_schema_that_can_not_be_created_is_named(self, narrow: tuple[str, Database]) -> None:
        done = run(narrow[0], "upgrade", "head", DATABASE_SCHEMA="news")

        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert line.startswith("DATABASE_SCHEMA: there is no schema news, and this user may not create it")
        assert "CREATE SCHEMA news AUTHORIZATION" in line

    def test_schema_that_can_not_be_used_is_named(self, narrow: tuple[str, Database]) -> None:
        with narrow[1].transaction() as connection:
            connection.execute(text("CREATE SCHEMA news"))

        done = run(narrow[0], "upgrade", "head", DATABASE_SCHEMA="news")

        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert line.startswith("DATABASE_SCHEMA: this user has no right to use the schema news")
