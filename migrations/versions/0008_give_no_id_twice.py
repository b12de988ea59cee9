"""Give no id twice

A PostgreSQL that fails over, or is restored, may have lost its last commits, and its sequences count again. So an id is
made of the time, too: milliseconds since November 2023, and twelve bits of the sequence.
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
        # What is counted goes on after what was given.
        op.execute("SELECT setval('notifications_id_seq', coalesce(max(id), 0) + 1, false) FROM notifications")
        op.execute(f"{COLUMN} {COUNTED}")
