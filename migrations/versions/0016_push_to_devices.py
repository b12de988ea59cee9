"""Push to devices

The devices that agreed to Web Push, and what is to be sent to each.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

USER_ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("id", ID, primary_key=True),
        sa.Column("user_id", USER_ID, nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("endpoint_hash", sa.String(64), nullable=False),
        sa.Column("p256dh", sa.String(90), nullable=False),
        sa.Column("auth", sa.String(24), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("device", sa.String(400), nullable=False),
        sa.Column("family", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("renewed_at", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.SmallInteger, server_default="0", nullable=False),
        sa.Column("paused_until", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_push_subscriptions_user", "push_subscriptions", ["user_id", "renewed_at"])
    op.create_index("uq_push_subscriptions_endpoint", "push_subscriptions", ["endpoint_hash"], unique=True)
    op.create_table(
        "web_pushes",
        sa.Column("notification_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("subscription_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.SmallInteger, server_default="0", nullable=False),
        sa.Column("claimed_at", sa.BigInteger),
    )
    _create_partial("ix_web_pushes_due", "due_at", "claimed_at IS NULL")
    _create_partial("ix_web_pushes_claimed", "claimed_at", "claimed_at IS NOT NULL")
    op.create_index("ix_web_pushes_subscription", "web_pushes", ["subscription_id"])


def downgrade() -> None:
    op.drop_table("web_pushes")
    op.drop_table("push_subscriptions")


def _create_partial(name: str, column: str, where: str) -> None:
    op.create_index(name, "web_pushes", [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
