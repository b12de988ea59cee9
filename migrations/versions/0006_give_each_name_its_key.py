"""Give each name its key

Of several that differ in case alone the oldest has it. The others keep their names, and are found by these as they are.
A run that is interrupted goes on where it was.
"""

import sqlalchemy as sa
from alembic import op

from app import names

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEX = "ix_users_name_key"
LONGEST = 255
BATCH = 1000

users = sa.table("users", sa.column("id"), sa.column("name"), sa.column("name_key"))


def upgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        op.create_index(INDEX, "users", ["name_key"], unique=True)
        fill()
        return
    with op.get_context().autocommit_block():
        # A run that was interrupted leaves an index that is not valid.
        op.drop_index(INDEX, "users", if_exists=True, postgresql_concurrently=True)
        op.create_index(INDEX, "users", ["name_key"], unique=True, postgresql_concurrently=True)
        fill()


def fill() -> None:
    """Batch by batch, so that no row is locked for long."""
    connection = op.get_bind()
    last_id = 0
    while rows := connection.execute(
        sa.select(users).where(users.c.id > last_id).order_by(users.c.id).limit(BATCH)
    ).all():
        last_id = rows[-1].id
        keys = {row.id: names.key(row.name) for row in rows}
        wanted = sa.select(users.c.name_key).where(users.c.name_key.in_(set(keys.values())))
        taken = set(connection.execute(wanted).scalars())
        for user_id, key in keys.items():
            if key not in taken and len(key) <= LONGEST:
                connection.execute(users.update().where(users.c.id == user_id).values(name_key=key))
                taken.add(key)


def downgrade() -> None:
    op.drop_index(INDEX, "users")
