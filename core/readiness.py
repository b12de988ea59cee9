"""Check that the database can do all that this version needs, without changing any data."""

from functools import cache
from typing import Any

from sqlalchemy import and_, false, func, insert, literal, select, update

from core.database_faults import NoRights
from core.db import Database
from core.models import Base


def check(database: Database) -> None:
    """Raise the database's own error where a table or a column is missing, or where the user may not read or write.

    Raise NoRights where the user may not take ids from a sequence.
    """
    with database.reading() as connection:
        for statement in _statements():
            connection.execute(statement)
        if not database.is_sqlite and not connection.execute(_may_use_sequences(database.schema)).scalar_one():
            raise NoRights("permission denied for a sequence")


@cache
def _statements() -> list[Any]:
    """Return statements that change no row. The server checks columns, rights and read-only mode all the same."""
    statements: list[Any] = []
    for table in Base.metadata.sorted_tables:
        changed = {column: column for column in table.columns if not column.primary_key}
        no_rows = select(table).where(false())
        statements += [
            insert(table).from_select(list(table.columns), no_rows),
            update(table).where(false()).values(changed),
        ]
    return statements


@cache
def _may_use_sequences(schema: str | None) -> Any:
    tables = [table for table in Base.metadata.sorted_tables if "id" in table.columns]
    names = [f"{schema}.{table.name}" if schema else table.name for table in tables]
    sequences = (func.pg_get_serial_sequence(literal(name), "id") for name in names)
    rights = (func.coalesce(func.has_sequence_privilege(sequence, "USAGE"), True) for sequence in sequences)
    return select(and_(*rights))
