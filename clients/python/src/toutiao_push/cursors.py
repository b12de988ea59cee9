"""Writes with a cursor of the Python database API: psycopg, sqlite3, Django's, and others of the same kind."""

import re
import sys
from collections.abc import Mapping
from typing import Any

from toutiao_push import statements
from toutiao_push.statements import POSTGRESQL, SQLITE, Notification, Target

_PARAMETER = re.compile(r":(\w+)")
_POSTGRESQL_DRIVERS = ("psycopg", "psycopg2", "pg8000")
_PLACEHOLDERS = {"qmark": "?", "format": "%s", "pyformat": "%({})s", "named": ":{}"}


def is_cursor(value: object) -> bool:
    return callable(getattr(value, "execute", None)) and callable(getattr(value, "fetchall", None))


def insert(cursor: Any, target: Target, notification: Notification, recipients: str) -> tuple[int, int | None]:
    """Write rows in the cursor's transaction; return how many, and the last id. The cursor's results are replaced."""
    dialect, paramstyle = _about(cursor)
    sql, parameters = statements.insert(target, dialect, notification, recipients)
    cursor.execute(*_rendered(sql, parameters, paramstyle))
    rows = [_values(row) for row in cursor.fetchall()]
    if dialect == SQLITE:
        return len(rows), max((row[0] for row in rows), default=None)
    return rows[0][0], rows[0][1]


def _about(cursor: Any) -> tuple[str, str]:
    """Return the database and the style of parameters that a cursor is for; raise TypeError."""
    vendor = getattr(getattr(cursor, "db", None), "vendor", None)  # a cursor of Django
    if vendor in (POSTGRESQL, SQLITE):
        return vendor, "format"
    for cls in type(cursor).__mro__:
        driver = cls.__module__.partition(".")[0]
        if driver == "sqlite3":
            return SQLITE, "named"
        if driver in _POSTGRESQL_DRIVERS:
            return POSTGRESQL, sys.modules[driver].paramstyle
    raise TypeError(f"a {type(cursor).__module__}.{type(cursor).__qualname__} is no cursor of PostgreSQL or SQLite")


def _rendered(sql: str, parameters: Mapping[str, object], paramstyle: str) -> tuple[str, Any]:
    placeholder = _PLACEHOLDERS[paramstyle]
    rendered = _PARAMETER.sub(lambda match: placeholder.format(match.group(1)), sql)
    if paramstyle in ("pyformat", "named"):
        return rendered, parameters
    return rendered, [parameters[name] for name in _PARAMETER.findall(sql)]


def _values(row: Any) -> list[Any]:
    """Return the columns of a row, whatever the cursor makes of rows."""
    return list(row.values()) if isinstance(row, Mapping) else list(row)
