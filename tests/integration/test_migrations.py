"""Alembic creates the schema that the models describe, on both databases."""

import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from app.models import Base
from app.services import accounts, credentials
from core.db import Database
from core.models import Notification
from tests import schema
from tests.services import PostgreSQL, wait_until
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


def url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def upgrade(database: Database, revision: str) -> None:
    schema.migrate(command.upgrade, {"DATABASE_URL": url_of(database)}, revision)


def downgrade(database: Database, revision: str) -> None:
    schema.migrate(command.downgrade, {"DATABASE_URL": url_of(database)}, revision)


def run(url: str, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": url, **settings}  # all that they need
    return subprocess.run(
        [str(BIN / "alembic"), *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def test_upgrade_matches_the_models_and_downgrade_leaves_nothing(empty: Database) -> None:
    done = run(url_of(empty), "upgrade", "head")
    assert done.returncode == 0, done.stderr
    upgrade(empty, "head")

    with empty.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    assert tables(empty) >= set(Base.metadata.tables)

    downgrade(empty, "base")

    assert tables(empty) == {"alembic_version"}


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("sqlite:////no/such/folder/file", "DATABASE_URL: does not answer"),
        ("sqlite://", "DATABASE_URL: should name a file"),
        ("postgresql+psycopg://user:secret@127.0.0.1:1/x", "DATABASE_URL: does not answer"),
    ],
)
def test_unavailable_database_is_reported_in_one_line(url: str, complaint: str) -> None:
    done = run(url, "upgrade", "head")

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(complaint)
    assert "secret" not in line


class TestConflictingSchema:
    """The operator who runs the migrations gets one line with the remedy."""

    def test_foreign_table_is_named(self, empty: Database) -> None:
        with empty.transaction() as connection:
            connection.execute(text("CREATE TABLE users (id INTEGER)"))

        done = run(url_of(empty), "upgrade", "head")

        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert line.startswith("DATABASE_URL: there is a table users already")
        assert "search_path" in line

    def test_own_schema_avoids_a_foreign_table(self, postgresql: PostgreSQL) -> None:
        url = postgresql.create_database()
        with closing(Database(url)) as database:
            with database.transaction() as connection:
                connection.execute(text("CREATE TABLE users (id INTEGER)"))
            own = f"{url}?options=-csearch_path%3Dtoutiao"
            assert "CREATE SCHEMA" in run(own, "upgrade", "head").stderr
            with database.transaction() as connection:
                connection.execute(text("CREATE SCHEMA toutiao"))

            assert run(own, "upgrade", "head").returncode == 0

            assert set(inspect(database.engine).get_table_names("toutiao")) >= set(Base.metadata.tables)
        with closing(Database(own)) as database, database.reading() as connection:
            assert connection.execute(select(Notification.id)).all() == []

    def test_revision_of_a_newer_version_is_named(self, empty: Database) -> None:
        upgrade(empty, "head")
        with empty.transaction() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

        done = run(url_of(empty), "upgrade", "head")

        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        assert "9999" in done.stderr + done.stdout


class TestConcurrentUpgrades:
    def test_concurrent_upgrades_all_succeed(self, empty: Database) -> None:
        url = url_of(empty)

        with ThreadPoolExecutor(3) as pool:
            done = list(pool.map(lambda _: run(url, "upgrade", "head"), range(3)))

        assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]

    def test_upgrade_waits_for_the_lock(self, postgresql: PostgreSQL) -> None:
        with closing(Database(postgresql.create_database())) as database, ThreadPoolExecutor(1) as pool:
            upgrade(database, "0001")
            with database.transaction() as connection:
                connection.execute(text("LOCK TABLE notifications IN ACCESS SHARE MODE"))
                upgraded = pool.submit(upgrade, database, "head")
                wait_until(lambda: waits_for_a_lock(database), seconds=20, what="a migration waits for the table")
                time.sleep(3.5)  # longer than a migration waits for a lock in one attempt
                assert not upgraded.done()
            upgraded.result(timeout=60)

    @pytest.mark.parametrize(("before", "after"), [("0013", "0014"), ("0018", "0019")])
    def test_upgrade_goes_on_where_its_indexes_had_to_wait_too_long(
        self, postgresql: PostgreSQL, before: str, after: str
    ) -> None:
        with closing(Database(postgresql.create_database())) as database, ThreadPoolExecutor(1) as pool:
            upgrade(database, before)
            with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
                connection.execute(text("SELECT count(*) FROM users"))  # an index waits for all that may read the table
                upgraded = pool.submit(upgrade, database, after)
                wait_until(lambda: waits_for_a_lock(database), seconds=20, what="an index waits")
                time.sleep(3.5)
                assert not upgraded.done()
            upgraded.result(timeout=60)


def waits_for_a_lock(database: Database) -> bool:
    with database.reading() as connection:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return bool(connection.execute(text(waiting)).scalar_one())


def test_statement_of_a_migration_has_no_timeout(postgresql: PostgreSQL) -> None:
    url = postgresql.create_database()
    with closing(Database(url)) as database, database.transaction() as connection:
        name = url.rpartition("/")[2]
        connection.execute(text(f"ALTER DATABASE \"{name}\" SET statement_timeout = '1s'"))
    with closing(Database(url, is_for_migrations=True)) as patient, closing(Database(url)) as quick:
        for database, timeout in ((patient, "0"), (quick, "5s")):
            with database.reading() as connection:
                assert connection.execute(text("SHOW statement_timeout")).scalar_one() == timeout
                assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "3s"


def test_options_of_the_url_override_the_defaults(postgresql: PostgreSQL) -> None:
    url = f"{postgresql.create_database()}?options=-cstatement_timeout%3D7s&application_name=news&connect_timeout=4"
    with closing(Database(url)) as database, database.reading() as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "7s"
        assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "3s"
        assert connection.execute(text("SHOW application_name")).scalar_one() == "news"


def test_first_of_old_names_that_differ_in_case_is_found_in_any_case(empty: Database) -> None:
    upgrade(empty, "0004")
    old = ["Ann", "ann", "ANN", "Straße", "bob", "\ufdfa" * 64, *(f"user {n}" for n in range(1500))]
    with empty.transaction() as connection:
        insert = "INSERT INTO users (name, password_hash, status, created_at) VALUES (:name, 'x', 1, 0)"
        connection.execute(text(insert), [{"name": name} for name in old])

    upgrade(empty, "head")

    with empty.transaction() as connection:
        for typed, found in (
            ("Ann", 1),
            ("ann", 2),
            ("ANN", 3),
            ("aNN", 1),
            ("STRASSE", 4),
            ("Bob", 5),
            ("USER 1499", 1506),
        ):
            known = credentials.find(connection, typed)
            assert known is not None
            assert (typed, known.user_id) == (typed, found)
        with pytest.raises(accounts.NameTaken):
            accounts.sign_up(connection, name="BOB", password_hash="x")


def test_backfill_of_name_keys_skips_keys_taken_by_a_concurrent_sign_up(empty: Database) -> None:
    upgrade(empty, "0005")
    with empty.transaction() as connection:
        insert = "INSERT INTO users (name, password_hash, status, created_at) VALUES (:name, 'x', 1, 0)"
        connection.execute(text(insert), [{"name": name} for name in ("Ann", "Bob", "Cid", "Dora")])
    sign_up_while_a_key_is_given(empty, to="Ann", name="BOB", key="bob")
    sign_up_while_a_key_is_given(empty, to="Cid", name="CID", key="cid")

    upgrade(empty, "head")

    with empty.reading() as connection:
        keys = {row.name: row.name_key for row in connection.execute(text("SELECT name, name_key FROM users"))}
    # CID is written by the trigger, collides with the statement, and is rolled back with it.
    assert keys == {"Ann": "ann", "Bob": None, "BOB": "bob", "Cid": None, "Dora": "dora"}


def sign_up_while_a_key_is_given(database: Database, *, to: str, name: str, key: str) -> None:
    """Have a trigger insert another user after the migration has read the table."""
    values = f"('{name}', '{key}', 'x', 1, 0)"
    insert = f"INSERT INTO users (name, name_key, password_hash, status, created_at) VALUES {values};"
    trigger = f"CREATE TRIGGER {key} BEFORE UPDATE ON users FOR EACH ROW WHEN (NEW.name = '{to}')"
    with database.transaction() as connection:
        if database.is_sqlite:
            connection.execute(text(f"{trigger} BEGIN {insert} END"))
        else:
            body = f"BEGIN {insert} RETURN NEW; END"
            connection.execute(text(f"CREATE FUNCTION {key}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"))
            connection.execute(text(f"{trigger} EXECUTE FUNCTION {key}()"))


class TestIdsOfAnyKind:
    COLUMNS = "recipient_id, actor_id, event, created_at"
    ROW = f"INSERT INTO notifications ({COLUMNS}) VALUES ({{}}, {{}}, 'following notify', 0)"

    @pytest.fixture
    def old(self, empty: Database) -> Database:
        """A database whose ids are numbers."""
        upgrade(empty, "0011")
        with empty.transaction() as connection:
            for ids in ((1, 2), (2**53 - 1, 10)):
                connection.execute(text(self.ROW.format(*ids)))
            connection.execute(text("INSERT INTO revocations (user_id, created_at) VALUES (7, 0)"))
        return empty

    def ids(self, database: Database) -> list[tuple[object, ...]]:
        with database.reading() as connection:
            told = connection.execute(text("SELECT recipient_id, actor_id FROM notifications ORDER BY id")).all()
            revoked = connection.execute(text("SELECT user_id FROM revocations")).all()
        return [tuple(row) for row in (*told, *revoked)]

    def test_numbers_become_texts_and_numbers_again(self, old: Database) -> None:
        numbers = self.ids(old)

        upgrade(old, "0012")

        assert self.ids(old) == [tuple(map(str, row)) for row in numbers]

        downgrade(old, "0011")

        assert self.ids(old) == numbers

    def test_other_ids_refuse_a_downgrade_and_stay(self, old: Database) -> None:
        upgrade(old, "0012")
        for ids in (("'7c0e4f2a-9d55'", "'2'"), ("'3'", "NULL"), ("'3'", "'0'")):
            with old.transaction() as connection:
                connection.execute(text(self.ROW.format(*ids)))
            before = self.ids(old)

            done = run(url_of(old), "downgrade", "0011")

            assert done.returncode == 1
            assert done.stderr.startswith("notifications.")
            assert "is not a number" in done.stderr
            assert self.ids(old) == before
            with old.transaction() as connection:
                connection.execute(text("DELETE FROM notifications WHERE recipient_id IN ('7c0e4f2a-9d55', '3')"))
