"""The database: one engine for each process, and transactions as context managers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    String,
    any_,
    cast,
    create_engine,
    event,
    func,
    literal,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from core import postgresql
from core.database_faults import UNAVAILABLE, is_unavailable
from core.settings import SettingsError

__all__ = ["UNAVAILABLE", "Database", "among", "among_listed", "is_unavailable", "list_of"]

_POOL_SECONDS = 3
_SQLITE_BUSY_SECONDS = 5


class Database:
    """An engine with a bound on every wait. A read takes no lock; a transaction on SQLite starts as a write.

    Raise SettingsError where the URL is invalid, or names a database in memory.
    """

    def __init__(
        self, url: str, *, schema: str | None = None, pool_size: int = 8, is_for_migrations: bool = False
    ) -> None:
        """With a schema, each statement names it. A pooler keeps no search_path.

        For migrations a statement has no time limit, since an index on a large table takes minutes.
        """
        self.schema = schema
        try:
            engine = _engine(url, pool_size, is_for_migrations=is_for_migrations)
        except (ArgumentError, ValueError):  # its text may hold part of the password
            raise SettingsError(
                "DATABASE_URL: should be an SQLAlchemy URL, sqlite:///file or postgresql+psycopg://user:password@host:5432/name"
            ) from None
        self.engine = engine.execution_options(schema_translate_map={None: schema}) if schema else engine
        self._reader = self.engine.execution_options(isolation_level="AUTOCOMMIT", is_reading=True)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield a connection; commit at the end, roll back on an error."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection in autocommit mode: each statement is its own transaction, in one round trip."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def one_statement(self) -> Iterator[Connection]:
        """Yield a connection for a change that is one statement on PostgreSQL and may be several on SQLite."""
        with self.transaction() if self.is_sqlite else self.reading() as connection:
            yield connection

    def ping(self) -> None:
        """Raise one of UNAVAILABLE where the database does not answer."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    def check(self) -> None:
        """Raise SettingsError where the database can't store what users write; pass where it is unavailable now."""
        with suppress(*UNAVAILABLE):
            self.ping()

    def close(self) -> None:
        self.engine.dispose()


def among(connection: Connection, column: Any, ids: Sequence[int] | Sequence[str]) -> ColumnElement[bool]:
    """Return `column IN ids` with one parameter, so that a statement is compiled once for any number of ids."""
    return among_listed(connection.dialect.name, column, literal(list_of(connection, ids)))


def among_listed(dialect: str, column: Any, listed: Any) -> ColumnElement[bool]:
    """Return the same for a parameter that gets its value of `list_of` later, in a statement that is built once."""
    if dialect == "sqlite":
        rows = func.json_each(listed).table_valued("value")
        return column.in_(select(rows.c.value))  # type: ignore[no-any-return]
    kind = String() if isinstance(column.type, String) else BigInteger()
    return column == any_(cast(listed, ARRAY(kind)))  # type: ignore[no-any-return]


def list_of(connection: Connection, ids: Sequence[int] | Sequence[str]) -> str:
    """Write ids as the one text that the database takes for a list."""
    if connection.dialect.name == "sqlite":
        return orjson.dumps(list(ids)).decode()
    # psycopg would look at each id on its own to write the same text, which takes ten times as long.
    listed = _QUOTES.join(map(str, ids))
    if "\\" in listed or listed.count('"') > 2 * (len(ids) - 1):  # few ids have these characters
        listed = _QUOTES.join(map(_escape, map(str, ids)))
    return f'{{"{listed}"}}' if ids else "{}"


# The syntax of an array: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
_QUOTES = '","'  # between two elements


def _escape(id_: str) -> str:
    return id_.replace("\\", "\\\\").replace('"', '\\"')


class unix_time(FunctionElement[int]):  # noqa: N801  (a function of SQL)
    """The time at the start of the statement in whole Unix seconds, by the database's clock.

    A time that is compared with it later should come from it too, since the clocks of processes differ.
    """

    type = BigInteger()
    inherit_cache = True


@compiles(unix_time, "postgresql")
def _(*_: object, **__: object) -> str:
    return "floor(extract(epoch FROM statement_timestamp()))::bigint"


@compiles(unix_time, "sqlite")
def _(*_: object, **__: object) -> str:
    return "(CAST(strftime('%s', 'now') AS INTEGER))"  # in parentheses, as a column's default has to be


def _engine(url: str, pool_size: int, *, is_for_migrations: bool) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        if make_url(url).database in (None, "", ":memory:"):
            raise SettingsError("DATABASE_URL: should name a file, sqlite:///..., which all processes can open")
        engine = create_engine(
            url, hide_parameters=True, pool_timeout=_POOL_SECONDS, connect_args={"timeout": _SQLITE_BUSY_SECONDS}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        return engine
    engine = create_engine(
        url,
        hide_parameters=True,  # what users write does not belong in logs
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
        connect_args=postgresql.connect_args(make_url(url), is_for_migrations=is_for_migrations),
    )
    postgresql.prepare(engine, is_for_migrations=is_for_migrations)
    return engine


def _prepare_sqlite(dbapi_connection: Any, _record: object) -> None:
    # WAL lets several processes read while one writes; NORMAL keeps every commit when a process crashes.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        dbapi_connection.execute(f"PRAGMA {pragma}")
    # Another program may have written text that is not UTF-8. It should not fail the whole statement that reads it.
    dbapi_connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    # SQLite's own function changes only ASCII letters, so that a search for özil would not find Özil.
    dbapi_connection.create_function("lower", 1, str.lower, deterministic=True)


def _begin_immediate(connection: Connection) -> None:
    # A transaction that starts as a read and then writes fails at once where another process has written in between.
    if not connection.get_execution_options().get("is_reading"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
