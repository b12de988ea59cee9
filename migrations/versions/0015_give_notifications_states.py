"""Give notifications states

A notification is seen, read or archived, expires, or is not sent. Each state gets an index with the ids of one user and
event in order, for pages and for counts.
"""

from contextlib import nullcontext
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

COLUMNS = (
    ("seen_at", sa.BigInteger()),
    ("archived_at", sa.BigInteger()),
    ("expires_at", sa.BigInteger()),
    ("not_sent", sa.String(16)),
)
_SHOWN = "withdrawn_at IS NULL AND not_sent IS NULL"
_OF_A_STATE = ["recipient_id", "event", "id"]
_UNREAD = "read_at IS NULL AND withdrawn_at IS NULL"
OLD = (("ix_notifications_unread", ["recipient_id", "event", "actor_id"], _UNREAD),)
NEW = (
    ("ix_notifications_unread_actor", ["recipient_id", "actor_id", "event"], _UNREAD),
    ("ix_notifications_state_all", _OF_A_STATE, f"archived_at IS NULL AND {_SHOWN}"),
    ("ix_notifications_state_unread", _OF_A_STATE, f"read_at IS NULL AND archived_at IS NULL AND {_SHOWN}"),
    (
        "ix_notifications_state_unseen",
        _OF_A_STATE,
        f"seen_at IS NULL AND read_at IS NULL AND archived_at IS NULL AND {_SHOWN}",
    ),
    ("ix_notifications_state_archived", _OF_A_STATE, f"archived_at IS NOT NULL AND {_SHOWN}"),
)


def upgrade() -> None:
    # On PostgreSQL a run that is interrupted later leaves the columns, and perhaps an invalid index.
    is_kept = op.get_context().dialect.name == "postgresql"
    for name, kind in COLUMNS:
        op.add_column("notifications", sa.Column(name, kind, nullable=True), if_not_exists=is_kept or None)
    _replace_indexes(OLD, NEW)


def downgrade() -> None:
    _replace_indexes(NEW, OLD)
    for name, _ in reversed(COLUMNS):
        op.drop_column("notifications", name)


def _replace_indexes(before: tuple[Any, ...], after: tuple[Any, ...]) -> None:
    """Create indexes, then drop others. On PostgreSQL, others can read and write the table at the same time."""
    context = op.get_context()
    with context.autocommit_block() if context.dialect.name == "postgresql" else nullcontext():
        _drop(after)
        _create(after)
        _drop(before)


def _create(indexes: tuple[Any, ...]) -> None:
    for name, columns, where in indexes:
        op.create_index(
            name,
            "notifications",
            columns,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
            postgresql_concurrently=op.get_context().dialect.name == "postgresql",
        )


def _drop(indexes: tuple[Any, ...]) -> None:
    for name, *_ in indexes:
        op.drop_index(name, "notifications", if_exists=True, postgresql_concurrently=True)
