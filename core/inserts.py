"""Makes notifications of one event for many users, in one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, JSON, Connection, String, cast, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from core import ids, payloads
from core.db import among, list_of
from core.models import Notification

_table = Notification
_DATA = JSON(none_as_null=True)


class KeyReused(Exception):
    """The key belongs to another notification of the same event and user. `field` is what differs: data or actor."""

    def __init__(self, user_id: str, field: str) -> None:
        other = "other data" if field == "data" else "another actor"
        super().__init__(f"the key was used before, for user {user_id} with {other}")
        self.field = field


def insert_many(
    connection: Connection,
    event: str,
    *,
    recipient_ids: Sequence[str],
    actor_id: str | None = None,
    data: dict[str, object] | None = None,
    key: str | None = None,
) -> dict[str, int]:
    """Notify users of one event; return the id of each user's notification. A user who is named twice gets one.

    The caller has checked event, data and ids. With a key, a user who has a notification of this event and key already
    gets no other one, also when it is withdrawn, and its id is returned. Raise KeyReused where that one has other data
    or another actor.
    """
    # Sorted, so that two calls with the same key and users wait for each other in one order, without a deadlock.
    recipients = sorted(set(recipient_ids))
    row = {"actor_id": actor_id, "event": event, "data": data or None, "key": key}
    made = {made.recipient_id: made.id for made in connection.execute(_insertion(connection, recipients, row))}
    if key is None or len(made) == len(recipients):
        return made
    missing = [user_id for user_id in recipients if user_id not in made]
    return made | _existing(connection, missing, row)


def _insertion(connection: Connection, recipients: list[str], row: dict[str, Any]) -> Any:
    """Build the statement. The list of users is one parameter, so that it is compiled once for any number of them."""
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    columns: dict[str, Any] = {
        name: literal(value, _DATA if name == "data" else String()) for name, value in row.items()
    }
    listed = literal(list_of(connection, recipients))
    if dialect is sqlite:
        users = func.json_each(listed).table_valued("key", "value")
        columns["id"] = ids.chosen(connection)["id"] + users.c.key
    else:
        users = func.unnest(cast(listed, ARRAY(String()))).table_valued("value").render_derived()
    columns["recipient_id"] = users.c.value
    chosen = select(*columns.values()).select_from(users).where(users.c.value.is_not(None))
    new = dialect.insert(_table).from_select(list(columns), chosen, include_defaults=False)
    keyed = {"index_elements": ["recipient_id", "event", "key"], "index_where": _table.key.is_not(None)}
    return new.on_conflict_do_nothing(**keyed).returning(_table.id, _table.recipient_id)


def _existing(connection: Connection, recipients: list[str], row: dict[str, Any]) -> dict[str, int]:
    """Return the ids of notifications that were made before with a key; raise KeyReused where one is another thing."""
    is_theirs = among(connection, _table.recipient_id, recipients)
    found = select(_table.recipient_id, *payloads.COLUMNS).where(
        is_theirs, _table.event == row["event"], _table.key == row["key"]
    )
    rows = connection.execute(found).all()
    for existing in rows:
        if existing.actor_id != row["actor_id"]:
            raise KeyReused(existing.recipient_id, "actor")
        if _data_of(existing) != (row["data"] or {}):
            raise KeyReused(existing.recipient_id, "data")
    return {existing.recipient_id: existing.id for existing in rows}


def _data_of(row: Any) -> dict[str, object] | None:
    try:
        return payloads.decode(row.data)
    except payloads.InvalidData:
        return None  # another program has written it
