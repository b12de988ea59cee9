"""Count unread events from an index"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NEW = ("ix_notifications_unread_events", ["recipient_id", "event", "actor_id"])
OLD = ("ix_notifications_unread", ["recipient_id", "actor_id"])


def upgrade() -> None:
    _replace(OLD, NEW)


def downgrade() -> None:
    _replace(NEW, OLD)


def _replace(before: tuple[str, list[str]], after: tuple[str, list[str]]) -> None:
    """Create one index, then drop the other. On PostgreSQL, others can read and write the table at the same time."""
    unread = sa.text("read_at IS NULL")
    if op.get_context().dialect.name != "postgresql":
        op.create_index(after[0], "notifications", after[1], sqlite_where=unread)
        op.drop_index(before[0], "notifications")
        return
    with op.get_context().autocommit_block():
        # A run that was interrupted leaves an invalid index.
        op.drop_index(after[0], "notifications", if_exists=True, postgresql_concurrently=True)
        op.create_index(after[0], "notifications", after[1], postgresql_where=unread, postgresql_concurrently=True)
        op.drop_index(before[0], "notifications", if_exists=True, postgresql_concurrently=True)
