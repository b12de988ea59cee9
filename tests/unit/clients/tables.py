"""The table that the package writes to, as far as it is published, on SQLite."""

import sqlite3
from pathlib import Path

EVENTS = {
    "version": 1,
    "events": {
        "liked": {
            "former_names": ["loved"],
            "schema": {
                "type": "object",
                "properties": {
                    "art_id": {"type": "integer"},
                    "title": {"type": "string", "maxLength": 10},
                    "tags": {"type": "array", "items": {"$ref": "#/$defs/Tag"}, "default": []},
                    "place": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None},
                },
                "$defs": {"Tag": {"type": "string", "enum": ["a", "b"]}},
                "required": ["art_id"],
                "additionalProperties": False,
            },
        },
        "greeted": {
            "former_names": [],
            "schema": {"type": "object", "properties": {}, "additionalProperties": False},
        },
    },
}
_TABLES = """
CREATE TABLE notifications (
    id INTEGER PRIMARY KEY, recipient_id VARCHAR(64) NOT NULL, actor_id VARCHAR(64), event VARCHAR(64) NOT NULL,
    data JSON, created_at BIGINT NOT NULL, attempts SMALLINT NOT NULL DEFAULT 0, key VARCHAR(255)
);
CREATE UNIQUE INDEX uq_notifications_key ON notifications (recipient_id, event, key) WHERE key IS NOT NULL;
CREATE TABLE fans (id CHAR(32) PRIMARY KEY, score INTEGER);
"""


def create(folder: Path) -> Path:
    """Return a database with the tables."""
    file = folder / "host.sqlite3"
    connection = sqlite3.connect(file)
    connection.executescript(_TABLES)
    connection.close()
    return file


def rows(file: Path) -> list[sqlite3.Row]:
    """Return what is committed, in the order of the ids."""
    connection = sqlite3.connect(file)
    connection.row_factory = sqlite3.Row
    found = connection.execute("SELECT * FROM notifications ORDER BY id").fetchall()
    connection.close()
    return found
