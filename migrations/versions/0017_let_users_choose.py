"""Let users choose

What each user wants to be told, and what strangers did until it is let in.
"""

from contextlib import nullcontext

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_INDEX = "ix_notifications_requests"
_WHERE = "not_sent = 'filtered'"
UserId = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "preferences",
        sa.Column("user_id", UserId, primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        # On PostgreSQL a run that is interrupted later leaves the table, and perhaps an invalid index.
        if_not_exists=_is_postgresql(),
    )
    with _outside_of_a_transaction():
        _drop_index()
        op.create_index(
            _INDEX,
            "notifications",
            ["recipient_id", "id"],
            sqlite_where=sa.text(_WHERE),
            postgresql_where=sa.text(_WHERE),
            postgresql_concurrently=_is_postgresql(),
        )


def downgrade() -> None:
    with _outside_of_a_transaction():
        _drop_index()
    op.drop_table("preferences")


def _is_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _outside_of_a_transaction():
    return op.get_context().autocommit_block() if _is_postgresql() else nullcontext()


def _drop_index() -> None:
    op.drop_index(_INDEX, "notifications", if_exists=True, postgresql_concurrently=_is_postgresql())
