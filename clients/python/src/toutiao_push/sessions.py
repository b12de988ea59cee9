"""Writes with SQLAlchemy: with a Session, a Connection, or the synchronous part of one that is asynchronous."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    Select,
    String,
    Uuid,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, scoped_session

from toutiao_push import statements
from toutiao_push.statements import POSTGRESQL, SQLITE, Notification, Target


def is_session(value: object) -> bool:
    return isinstance(value, Session | scoped_session | Connection)


def unwrapped(given: Any) -> Any:
    """Return the session that a registry has for now, as Flask-SQLAlchemy's `db.session` is one."""
    return given() if isinstance(given, scoped_session) else given


def insert(session: Any, target: Target, notification: Notification, recipients: str) -> tuple[int, int | None]:
    """Write rows in the session's transaction, without a flush; return how many, and the last id."""
    connection = _connection(session)
    sql, parameters = statements.insert(target, _dialect(connection), notification, recipients)
    rows = connection.execute(text(sql), parameters).all()
    if _dialect(connection) == SQLITE:
        return len(rows), max((row[0] for row in rows), default=None)
    return rows[0][0], rows[0][1]


def insert_selected(session: Any, target: Target, notification: Notification, recipients: Select[Any]) -> int:
    """Write a row for each recipient that a SELECT of one column finds; return how many.

    As before any query, a session with autoflush writes its changes first, so that the SELECT finds them.
    """
    if len(recipients.selected_columns) != 1:
        raise TypeError("to: should be a SELECT of one column, the ids of the recipients")
    if isinstance(session, Session) and session.autoflush:
        session.flush()
    connection = _connection(session)
    values = _values(notification, recipients, connection)
    notifications = table(statements.TABLE, *map(column, ("id", *values)), schema=target.schema)
    if _dialect(connection) == SQLITE:
        values = {"id": _sqlite_id(notifications), **values}
    insert = (sqlite if _dialect(connection) == SQLITE else postgresql).insert(notifications)
    # SQLite takes ON CONFLICT after a SELECT only if that has a WHERE.
    added: Any = insert.from_select(list(values), select(*values.values()).where(text("true")))
    if notification.key is not None:
        added = added.on_conflict_do_nothing(index_elements=statements.KEY_COLUMNS, index_where=text("key IS NOT NULL"))
    if _dialect(connection) == SQLITE:
        return int(connection.execute(added).rowcount)
    ids = added.returning(column("id")).cte("added")
    counted: list[Any] = [func.count()]
    if target.is_notifying:
        counted.append(case((func.count() > 0, func.pg_notify(statements.CHANNEL, target.schema or ""))))
    return int(connection.execute(select(*counted).select_from(ids)).scalar_one())


def _values(notification: Notification, recipients: Select[Any], connection: Connection) -> dict[str, Any]:
    """Return the values by column, all but the id."""
    [selected] = recipients.subquery("selected").c
    ids = select(_as_text(selected, connection).label("value")).distinct().subquery("recipient")
    is_sqlite = _dialect(connection) == SQLITE
    data = literal(notification.data, String)
    key = {} if notification.key is None else {"key": literal(notification.key, String)}
    return {
        "recipient_id": ids.c.value,
        "actor_id": literal(notification.actor, String),
        "event": literal(notification.event, String),
        "data": data if is_sqlite else cast(data, JSON),
        "created_at": literal_column(statements.SQLITE_NOW if is_sqlite else statements.POSTGRESQL_NOW, BigInteger),
        **key,
    }


def _sqlite_id(notifications: Any) -> Any:
    newest = select(func.coalesce(func.max(notifications.c.id), 0) + 1).scalar_subquery()
    return func.max(newest, literal_column(statements.SQLITE_ID_BY_CLOCK)) + func.row_number().over() - 1


def _as_text(selected: Any, connection: Connection) -> Any:
    """Return a column of ids as text. A UUID that the database has no type for is kept as 32 digits without dashes."""
    if isinstance(selected.type, Uuid) and not (connection.dialect.supports_native_uuid and selected.type.native_uuid):
        parts = [func.substr(selected, start, length) for start, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))]
        return parts[0] + "-" + parts[1] + "-" + parts[2] + "-" + parts[3] + "-" + parts[4]
    return cast(selected, String)


def _connection(session: Any) -> Connection:
    return session if isinstance(session, Connection) else session.connection()


def _dialect(connection: Connection) -> str:
    name = connection.dialect.name
    if name not in (POSTGRESQL, SQLITE):
        raise TypeError(f"notifications are kept in PostgreSQL or SQLite, and this is a connection to {name}")
    return name
