"""Find dead letters by an index"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAME = "ix_notifications_dead_letters"


def upgrade() -> None:
    dead = sa.text("set_aside_at IS NOT NULL")
    if op.get_context().dialect.name != "postgresql":
        op.create_index(NAME, "notifications", ["set_aside_at"], sqlite_where=dead)
        return
    with op.get_context().autocommit_block():
        # A run that was interrupted leaves an invalid index.
        op.drop_index(NAME, "notifications", if_exists=True, postgresql_concurrently=True)
        op.create_index(NAME, "notifications", ["set_aside_at"], postgresql_where=dead, postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index(NAME, "notifications")
