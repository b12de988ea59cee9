"""Whether the database can do what this version asks of it, by asking for all of it without changing anything."""

from functools import cache
from typing import Any

from sqlalchemy import and_, false, func, insert, literal, select, update

from app.database_faults import NoRights
from app.db import Database
from app.models import Base


def check(database: Database) -> None:
    """Raise the database's own error where a table can't be read, added to or changed, or lacks a column."""
    with database.reading() as connection:
        for statement in _statements():
            connection.execute(statement)
        if not database.is_sqlite and not connection.execute(_may_number()).scalar_one():
            raise NoRights("permission denied for a sequence")


@cache
def _statements() -> list[Any]:
    """Return changes of no row: a server looks for columns, rights and whether it may write at all even so."""
    statements: list[Any] = []
    for table in Base.metadata.sorted_tables:
        changed = {column: column for column in table.columns if not column.primary_key}
        none = select(table).where(false())
        statements += [
            insert(table).from_select(list(table.columns), none),
            update(table).where(false()).values(changed),
        ]
    return statements


@cache
def _may_number() -> Any:
    sequences = (func.pg_get_serial_sequence(literal(table.name), "id") for table in Base.metadata.sorted_tables)
    rights = (func.coalesce(func.has_sequence_privilege(sequence, "USAGE"), True) for sequence in sequences)
    return select(and_(*rights))
