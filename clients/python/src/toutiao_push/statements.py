"""The statements that write notifications: one round trip each, whatever the number of recipients.

The ids and the times come from the database, as the server's own rows have them.
"""

import re
from dataclasses import dataclass

TABLE = "notifications"
CHANNEL = "toutiao_push"
POSTGRESQL = "postgresql"
SQLITE = "sqlite"
KEY_COLUMNS = ("recipient_id", "event", "key")

# The milliseconds since this moment, and then twelve bits of a counter, are an id.
BEGINNING = 1_700_000_000_000
SQLITE_ID_BY_CLOCK = f"((CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) - {BEGINNING}) << 12)"
SQLITE_NOW = "CAST((julianday('now') - 2440587.5) * 86400 AS INTEGER)"
POSTGRESQL_NOW = "CAST(floor(extract(epoch FROM statement_timestamp())) AS bigint)"

_COLUMNS = "recipient_id, actor_id, event, data, created_at"
_ON_CONFLICT = "ON CONFLICT (recipient_id, event, key) WHERE key IS NOT NULL DO NOTHING"
_SCHEMA = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}")

_POSTGRESQL = f"""
WITH added AS (
    INSERT INTO {{table}} ({_COLUMNS}{{key_column}})
    SELECT recipient.value, CAST(:actor AS varchar), CAST(:event AS varchar), CAST(:data AS json),
        {POSTGRESQL_NOW}{{key}}
    FROM json_array_elements_text(CAST(:recipients AS json)) WITH ORDINALITY AS recipient (value, place)
    ORDER BY recipient.place {{on_conflict}} RETURNING id
)
SELECT count(*), max(id){{notify}} FROM added
"""  # noqa: S608  # nosec B608  (of constants, and of the name of a schema that was checked)
_NOTIFY = ", CASE WHEN count(*) > 0 THEN pg_notify(CAST(:channel AS text), CAST(:payload AS text)) END"

_SQLITE = f"""
INSERT INTO {{table}} (id, {_COLUMNS}{{key_column}})
SELECT max((SELECT coalesce(max(id), 0) + 1 FROM {{table}}), {SQLITE_ID_BY_CLOCK})
    + recipient.key, recipient.value, :actor, :event, :data, {SQLITE_NOW}{{key}}
FROM json_each(:recipients) AS recipient WHERE true {{on_conflict}} RETURNING id
"""  # noqa: S608  # nosec B608


@dataclass(frozen=True, slots=True)
class Notification:
    """What was checked, in the form that the columns have."""

    event: str
    actor: str | None
    data: str | None
    key: str | None


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows go: the schema of the table, and whether PostgreSQL tells the workers of them at the commit."""

    schema: str | None
    is_notifying: bool

    def __post_init__(self) -> None:
        if self.schema is not None and not _SCHEMA.fullmatch(self.schema):
            raise ValueError(f"schema: {self.schema!r:.80} should be a name of letters, digits and underscores")

    @property
    def table(self) -> str:
        return f'"{self.schema}".{TABLE}' if self.schema else TABLE


def insert(target: Target, dialect: str, notification: Notification, recipients: str) -> tuple[str, dict[str, object]]:
    """Return a statement with its parameters, which it names as `:name`. `recipients` is a JSON array of texts.

    Its rows are (number, last id) on PostgreSQL, and one for each new id on SQLite.
    """
    parameters: dict[str, object] = {
        "actor": notification.actor,
        "event": notification.event,
        "data": notification.data,
        "recipients": recipients,
    }
    parts = {"table": target.table, "key_column": "", "key": "", "on_conflict": "", "notify": ""}
    if notification.key is not None:
        parts |= {"key_column": ", key", "key": ", CAST(:key AS varchar)", "on_conflict": _ON_CONFLICT}
        parameters["key"] = notification.key
    if dialect == SQLITE:
        return _SQLITE.format(**parts), parameters
    if target.is_notifying:
        parts["notify"] = _NOTIFY
        parameters |= {"channel": CHANNEL, "payload": target.schema or ""}
    return _POSTGRESQL.format(**parts), parameters
