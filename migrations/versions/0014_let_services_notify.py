"""Let services notify

A notification gets a key, by which it is made once, and can be withdrawn. The database gives its time. The answers to
calls are kept for their repeats.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

COLUMNS = (
    ("key", sa.String(255)),
    ("withdrawn_at", sa.BigInteger()),
    ("pushed_at", sa.BigInteger()),
)
NOW = {
    "postgresql": "floor(extract(epoch FROM statement_timestamp()))::bigint",
    "sqlite": "(CAST(strftime('%s', 'now') AS INTEGER))",
}
OF_KEYS = ("uq_notifications_key", ["recipient_id", "event", "key"], "key IS NOT NULL")
_OF_UNREAD = ["recipient_id", "event", "actor_id"]
OLD = ("ix_notifications_unread_events", _OF_UNREAD, "read_at IS NULL")
NEW = ("ix_notifications_unread", _OF_UNREAD, "read_at IS NULL AND withdrawn_at IS NULL")


def upgrade() -> None:
    # On PostgreSQL a run that is interrupted in the indexes leaves all before them.
    is_kept = op.get_context().dialect.name == "postgresql" or None
    op.create_table(
        "idempotent_calls",
        sa.Column("service", sa.String(64), primary_key=True),
        sa.Column("key_hash", sa.String(64), primary_key=True),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        if_not_exists=is_kept,
    )
    op.create_index("ix_idempotent_calls_created", "idempotent_calls", ["created_at"], if_not_exists=is_kept)
    for name, kind in COLUMNS:
        op.add_column("notifications", sa.Column(name, kind, nullable=True), if_not_exists=is_kept)
    _set_default(sa.text(NOW[op.get_context().dialect.name]))
    _replace_indexes([OLD], [NEW, OF_KEYS])


def downgrade() -> None:
    _replace_indexes([NEW, OF_KEYS], [OLD])
    _set_default(None)
    for name, _ in reversed(COLUMNS):
        op.drop_column("notifications", name)
    op.drop_table("idempotent_calls")


def _set_default(default: sa.TextClause | None) -> None:
    with op.batch_alter_table("notifications") as table:
        table.alter_column("created_at", existing_type=sa.BigInteger(), existing_nullable=False, server_default=default)


def _replace_indexes(before: list[tuple[str, list[str], str]], after: list[tuple[str, list[str], str]]) -> None:
    """Create indexes, then drop others. On PostgreSQL, others can read and write the table at the same time."""
    if op.get_context().dialect.name != "postgresql":
        _create(after)
        for name, *_ in before:
            op.drop_index(name, "notifications")
        return
    with op.get_context().autocommit_block():
        for name, *_ in after:  # a run that was interrupted leaves an invalid index
            op.drop_index(name, "notifications", if_exists=True, postgresql_concurrently=True)
        _create(after)
        for name, *_ in before:
            op.drop_index(name, "notifications", if_exists=True, postgresql_concurrently=True)


def _create(indexes: list[tuple[str, list[str], str]]) -> None:
    for name, columns, where in indexes:
        op.create_index(
            name,
            "notifications",
            columns,
            unique=name.startswith("uq_"),
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
            postgresql_concurrently=op.get_context().dialect.name == "postgresql",
        )
