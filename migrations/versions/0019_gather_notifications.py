"""Gather notifications

A notification knows the group that it is in. A table has the newest group of each user, event and text, and when its
sockets were told of it.
"""

from contextlib import nullcontext
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

COLUMNS = (("group_key", sa.String(255)), ("group_id", sa.BigInteger()))
UserId = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_INDEX = "ix_notifications_group"
_WHERE = "group_key IS NOT NULL AND withdrawn_at IS NULL AND not_sent IS NULL"


def upgrade() -> None:
    # On PostgreSQL a run that is interrupted later leaves the columns, the table, and perhaps an invalid index.
    is_kept = _is_postgresql()
    for name, kind in COLUMNS:
        op.add_column("notifications", sa.Column(name, kind, nullable=True), if_not_exists=is_kept or None)
    op.create_table(
        "notification_groups",
        sa.Column("recipient_id", UserId, primary_key=True),
        sa.Column("event", sa.String(64), primary_key=True),
        sa.Column("group_key", sa.String(255), primary_key=True),
        sa.Column("group_id", sa.BigInteger, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("told_at", sa.BigInteger, nullable=True),
        sa.Column("due_at", sa.BigInteger, nullable=True),
        sa.Column("is_loud", sa.Boolean, nullable=False, server_default=sa.false()),
        if_not_exists=is_kept,
    )
    is_due = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_notification_groups_due",
        "notification_groups",
        ["due_at"],
        sqlite_where=is_due,
        postgresql_where=is_due,
        if_not_exists=is_kept,
    )
    op.create_index("ix_notification_groups_opened", "notification_groups", ["opened_at"], if_not_exists=is_kept)
    with _outside_of_a_transaction():
        _drop_index()
        op.create_index(
            _INDEX,
            "notifications",
            ["recipient_id", "group_key", "group_id", "id"],
            sqlite_where=sa.text(_WHERE),
            postgresql_where=sa.text(_WHERE),
            postgresql_concurrently=_is_postgresql(),
        )


def downgrade() -> None:
    with _outside_of_a_transaction():
        _drop_index()
    op.drop_table("notification_groups")
    for name, _ in reversed(COLUMNS):
        op.drop_column("notifications", name)


def _is_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _outside_of_a_transaction() -> Any:
    return op.get_context().autocommit_block() if _is_postgresql() else nullcontext()


def _drop_index() -> None:
    # A run that was interrupted leaves an invalid index.
    op.drop_index(_INDEX, "notifications", if_exists=True, postgresql_concurrently=_is_postgresql())
