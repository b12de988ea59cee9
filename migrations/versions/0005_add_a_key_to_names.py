"""Add a key to names"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("name_key", sa.String(255), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "name_key")
