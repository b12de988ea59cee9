"""Run migrations against DATABASE_URL, one run at a time."""

import random
import time
from contextlib import closing

from alembic import context
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from app import file_lock
from app.config import DatabaseSettings, SettingsError, load_settings
from app.db import UNAVAILABLE, Database
from app.models import Base

_ATTEMPTS = 8
_LONGEST_PAUSE_SECONDS = 10.0
_OTHER_RUN_SECONDS = 600
_OTHER_RUN_LOCK = 0x70757368  # the first of two numbers; any that nobody else locks in this database
_LOCK_NOT_AVAILABLE = "55P03"


def run() -> None:
    try:
        url = load_settings(DatabaseSettings).database_url
        database = Database(url, pool_size=2, is_for_migrations=True)
        with closing(Database(url, pool_size=1)) as quick:
            quick.ping()
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    except UNAVAILABLE as error:
        raise SystemExit(f"DATABASE_URL: does not answer: {_first_line(error)}") from None
    if database.is_sqlite:
        with file_lock.held(f"{database.engine.url.database}.migrate", seconds=_OTHER_RUN_SECONDS) as is_ours:
            _run_alone(database, is_ours)
        return
    with database.transaction() as connection:
        _run_alone(database, _lock(connection))


def _run_alone(database: Database, is_ours: bool) -> None:
    if not is_ours:
        raise SystemExit("DATABASE_URL: another run of the migrations does not end")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _run_once(database)
        except OperationalError as error:
            # A migration waits shortly for its locks: whoever comes after it would wait behind it.
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE or attempt == _ATTEMPTS:
                raise SystemExit(f"DATABASE_URL: a migration failed: {_first_line(error)}") from None
        time.sleep(min(2.0**attempt / 4, _LONGEST_PAUSE_SECONDS) * random.uniform(0.5, 1))  # noqa: S311  (jitter)


def _run_once(database: Database) -> None:
    with database.engine.connect() as connection:
        _check_is_ours(connection)
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=database.is_sqlite,  # it can't change a table in place: its migrations copy it
            transaction_per_migration=True,  # PostgreSQL makes an index without locking its table in none at all
        )
        with context.begin_transaction():
            context.run_migrations()


def _check_is_ours(connection: Connection) -> None:
    """Stop where tables of somebody else are in the way, or there is no schema to make tables in."""
    if connection.dialect.name == "postgresql":
        _check_schema(connection)
    if not MigrationContext.configure(connection).get_current_heads():
        others = sorted(set(inspect(connection).get_table_names()) & set(Base.metadata.tables))
        if others:
            raise SystemExit(
                f"DATABASE_URL: there is a table {others[0]} already that is not of this system; give it a database, "
                "or on PostgreSQL a schema, of its own: postgresql+psycopg://...?options=-csearch_path%3Dtoutiao"
            )
    connection.rollback()  # what was asked has begun a transaction


def _check_schema(connection: Connection) -> None:
    ours = connection.execute(text("SELECT current_schema()")).scalar()
    if ours is None:
        raise SystemExit("DATABASE_URL: the schema of its search_path does not exist; make it with CREATE SCHEMA")
    # A migration would find, change and drop what is there by its name alone.
    found = "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass('alembic_version')"
    theirs = connection.execute(text(found)).scalar()
    if theirs not in (None, ours):
        raise SystemExit(
            f"DATABASE_URL: its search_path has the schema {theirs} too, with tables of another system; "
            f"leave only {ours}"
        )


def _lock(connection: Connection) -> bool:
    """Hold a lock until the transaction ends; say whether it came free in time.

    A lock of a session would stay with the server's process behind a pooler. Systems in other schemas have their own.
    """
    deadline = time.monotonic() + _OTHER_RUN_SECONDS
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    lock = text(f"SELECT pg_try_advisory_xact_lock({_OTHER_RUN_LOCK}, hashtext(coalesce(current_schema(), '')))")
    while not connection.execute(lock).scalar_one():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


run()
