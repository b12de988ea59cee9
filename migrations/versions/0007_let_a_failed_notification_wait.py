"""Let a failed notification wait before its next attempt"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notifications", sa.Column("retry_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("notifications", "retry_at")
