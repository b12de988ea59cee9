"""Run migrations against DATABASE_URL, one run at a time."""

import random
import time
from collections.abc import Callable
from contextlib import closing

from alembic import context
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.schema import CreateSchema

from app.models import Base  # with the app's own tables
from core import file_lock
from core.db import UNAVAILABLE, Database
from core.settings import DatabaseSettings, SettingsError, load_settings

_ATTEMPTS = 8
_LONGEST_PAUSE_SECONDS = 10.0
_OTHER_RUN_SECONDS = 600
_OTHER_RUN_LOCK = 0x70757368  # the first of two numbers: any number that no other program locks in this database
_LOCK_NOT_AVAILABLE = "55P03"
_INSUFFICIENT_PRIVILEGE = "42501"


def run() -> None:
    try:
        settings = load_settings(DatabaseSettings)
        url, schema = settings.database_url, settings.database_schema
        database = Database(url, schema=schema, pool_size=2, is_for_migrations=True)
        with closing(Database(url, pool_size=1)) as quick:
            quick.ping()
            if schema:
                _create_schema(quick, schema)
                event.listen(database.engine, "begin", _work_in(schema))
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    except UNAVAILABLE as error:
        raise SystemExit(f"DATABASE_URL: does not answer: {_first_line(error)}") from None
    with closing(database):
        _run_one_at_a_time(database)


def _run_one_at_a_time(database: Database) -> None:
    if database.is_sqlite:
        with file_lock.held(f"{database.engine.url.database}.migrate", seconds=_OTHER_RUN_SECONDS) as is_ours:
            _run_alone(database, is_ours)
        return
    with database.transaction() as connection:
        _run_alone(database, _lock(connection))


def _create_schema(database: Database, schema: str) -> None:
    """Create the schema of DATABASE_SCHEMA if it is missing; raise SettingsError."""
    exists = text("SELECT 1 FROM pg_namespace WHERE nspname = :schema")
    try:
        with database.reading() as connection:
            if connection.execute(exists, {"schema": schema}).first() is None:
                # Another run may create it at the same moment.
                connection.execute(CreateSchema(schema, if_not_exists=True))
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _INSUFFICIENT_PRIVILEGE:
            raise
        raise SettingsError(
            f"DATABASE_SCHEMA: there is no schema {schema}, and this user may not create it; let an administrator say "
            f"CREATE SCHEMA {schema} AUTHORIZATION followed by the name of the user"
        ) from None


def _work_in(schema: str) -> Callable[[Connection], None]:
    """Set the search_path of each transaction: some statements of Alembic do not name the schema."""
    statement = f'SET LOCAL search_path = "{schema}"'
    return lambda connection: connection.exec_driver_sql(statement) and None


def _run_alone(database: Database, is_ours: bool) -> None:
    if not is_ours:
        raise SystemExit("DATABASE_URL: another run of the migrations does not end")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _run_once(database)
        except OperationalError as error:
            # A migration waits only briefly for a lock, because all later queries wait behind it. So try again.
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE or attempt == _ATTEMPTS:
                raise SystemExit(f"DATABASE_URL: a migration failed: {_first_line(error)}") from None
        time.sleep(min(2.0**attempt / 4, _LONGEST_PAUSE_SECONDS) * random.uniform(0.5, 1))  # noqa: S311  (jitter)


def _run_once(database: Database) -> None:
    with database.engine.connect() as connection:
        _check_is_ours(connection, database.schema)
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            version_table_schema=database.schema,
            render_as_batch=database.is_sqlite,  # SQLite can't change a table in place: its migrations copy the table
            transaction_per_migration=True,  # so that CREATE INDEX CONCURRENTLY can leave its transaction
        )
        with context.begin_transaction():
            context.run_migrations()


def _check_is_ours(connection: Connection, schema: str | None) -> None:
    """Exit if another system has tables with the same names, or if there is no schema to create tables in."""
    if connection.dialect.name == "postgresql":
        _check_schema(connection, schema)
    if not MigrationContext.configure(connection, opts={"version_table_schema": schema}).get_current_heads():
        others = sorted(set(inspect(connection).get_table_names(schema)) & set(Base.metadata.tables))
        if others:
            raise SystemExit(
                f"DATABASE_URL: there is a table {others[0]} already that is not of this system; give it a database, "
                "or on PostgreSQL a schema, of its own: DATABASE_SCHEMA=toutiao, or the search_path in the URL"
            )
    connection.rollback()  # the queries above have started a transaction


def _check_schema(connection: Connection, schema: str | None) -> None:
    ours = connection.execute(text("SELECT current_schema()")).scalar()
    if ours is None and schema:
        raise SystemExit(
            f"DATABASE_SCHEMA: this user has no right to use the schema {schema}; GRANT it USAGE and CREATE"
        )
    if ours is None:
        raise SystemExit("DATABASE_URL: the schema of its search_path does not exist; make it with CREATE SCHEMA")
    # A migration finds, changes and drops tables only by name, so it could change those of another system.
    found = "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass('alembic_version')"
    theirs = connection.execute(text(found)).scalar()
    if theirs not in (None, ours):
        raise SystemExit(
            f"DATABASE_URL: its search_path has the schema {theirs} too, with tables of another system; "
            f"leave only {ours}"
        )


def _lock(connection: Connection) -> bool:
    """Hold a lock until the transaction ends; return whether it was free in time.

    It is no session lock: behind a pooler that would stay with the server process. Each schema has its own lock.
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
