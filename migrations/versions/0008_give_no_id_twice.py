"""Give no id twice

After a failover or a restore, PostgreSQL may have lost its last commits, and its sequences repeat some numbers. So an
id consists of the time (milliseconds since November 2023) and of twelve bits of the sequence.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMN = "ALTER TABLE notifications ALTER COLUMN id SET DEFAULT"
COUNTED = "nextval('notifications_id_seq'::regclass)"
BY_CLOCK = "((extract(epoch FROM clock_timestamp()) * 1000)::bigint - 1700000000000) << 12"


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute(f"{COLUMN} ({BY_CLOCK}) | ({COUNTED} & 4095)")


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        # The sequence continues after the largest id.
        op.execute("SELECT setval('notifications_id_seq', coalesce(max(id), 0) + 1, false) FROM notifications")
        op.execute(f"{COLUMN} {COUNTED}")
