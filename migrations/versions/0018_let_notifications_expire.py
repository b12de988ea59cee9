"""Let notifications expire

An index has what is archived by itself, by its time.
"""

from contextlib import nullcontext
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_INDEX = "ix_notifications_expiring"
_WHERE = "expires_at IS NOT NULL AND archived_at IS NULL AND withdrawn_at IS NULL AND not_sent IS NULL"


def upgrade() -> None:
    with _outside_of_a_transaction():
        _drop_index()
        op.create_index(
            _INDEX,
            "notifications",
            ["expires_at"],
            sqlite_where=sa.text(_WHERE),
            postgresql_where=sa.text(_WHERE),
            postgresql_concurrently=_is_postgresql(),
        )


def downgrade() -> None:
    with _outside_of_a_transaction():
        _drop_index()


def _is_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _outside_of_a_transaction() -> Any:
    return op.get_context().autocommit_block() if _is_postgresql() else nullcontext()


def _drop_index() -> None:
    # A run that was interrupted leaves an invalid index.
    op.drop_index(_INDEX, "notifications", if_exists=True, postgresql_concurrently=_is_postgresql())
