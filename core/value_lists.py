"""Rows of values as parameters of a statement, which is then built and compiled once for any number of rows."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, Connection, String, bindparam, cast, func, select

from core.db import list_of

Columns = tuple[tuple[str, type[int] | type[str]], ...]  # names and types; a value is never null


def table_of(dialect: str, columns: Columns) -> Any:
    """Return a table with these columns, whose rows are the `parameters` of the statement."""
    if dialect == "sqlite":
        rows = func.json_each(bindparam("listed", type_=String)).table_valued("key", "value")
        values = (func.json_extract(rows.c.value, f"$[{at}]").label(name) for at, (name, _) in enumerate(columns))
        return select(*values).order_by(rows.c.key).subquery()
    kinds: dict[type, Any] = {int: BigInteger(), str: String()}
    listed = (cast(bindparam(f"listed_{name}", type_=String), ARRAY(kinds[kind])) for name, kind in columns)
    return func.unnest(*listed).table_valued(*(name for name, _ in columns)).render_derived(name="listed")


def parameters(connection: Connection, columns: Columns, rows: Sequence[Sequence[Any]]) -> dict[str, str]:
    """Return the parameters that give the table its rows, in their order."""
    if connection.dialect.name == "sqlite":
        return {"listed": orjson.dumps(rows).decode()}
    by_column = zip(*rows, strict=True) if rows else ([] for _ in columns)
    return {f"listed_{name}": list_of(connection, values) for (name, _), values in zip(columns, by_column, strict=True)}
