"""Count tellings

A group knows how often its sockets were told, and how often it was changed. So no lock is held while they are told.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_COLUMNS = ("tellings", "changes")


def upgrade() -> None:
    for name in _COLUMNS:
        op.add_column("notification_groups", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    for name in reversed(_COLUMNS):
        op.drop_column("notification_groups", name)
