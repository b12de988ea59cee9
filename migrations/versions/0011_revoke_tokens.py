"""Revoke tokens

`revocations` is what the engine needs to refuse tokens, `token_families` is what the news app knows of its refresh
tokens.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
WAITING = sa.text("published_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "revocations",
        sa.Column("id", Id, primary_key=True),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("issued_until", sa.BigInteger),
        sa.Column("family", sa.String(64)),
        sa.Column("spared_family", sa.String(64)),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("published_at", sa.BigInteger),
    )
    op.create_index("ix_revocations_user", "revocations", ["user_id"])
    op.create_index("ix_revocations_created", "revocations", ["created_at"])
    op.create_index("ix_revocations_waiting", "revocations", ["id"], sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_table(
        "token_families",
        sa.Column("user_id", Id, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("family", sa.String(64), primary_key=True),
        sa.Column("token_id", sa.String(64), nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("previous_id", sa.String(64)),
        sa.Column("replaced_at", sa.BigInteger),
    )
    op.create_index("ix_token_families_expires", "token_families", ["expires_at"])


def downgrade() -> None:
    op.drop_table("token_families")
    op.drop_table("revocations")
