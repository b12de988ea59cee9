"""Give each name its key

Of several that differ in case alone the oldest has it. The others keep their names, and are found by these as they are.
A run that is interrupted goes on where it was.
"""

from contextlib import suppress

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import IntegrityError

from app import names

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEX = "ix_users_name_key"
LONGEST = 255
BATCH = 1000

users = sa.table("users", sa.column("id"), sa.column("name"), sa.column("name_key"))
others = users.alias("others")


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
    """Give keys, batch by batch and each row by itself, so that no row is locked for long.

    People sign up and rename themselves meanwhile: whoever has a key keeps it, and a name whose key is gone has none.
    """
    connection = op.get_bind()
    without_key = sa.select(users.c.id, users.c.name).where(users.c.name_key.is_(None)).order_by(users.c.id)
    last_id = 0
    while rows := connection.execute(without_key.where(users.c.id > last_id).limit(BATCH)).all():
        last_id = rows[-1].id
        for user_id, name in rows:
            key = names.key(name)
            if len(key) <= LONGEST:
                give_key(connection, user_id, name, key)


def give_key(connection: sa.Connection, user_id: int, name: str, key: str) -> None:
    """Give a user the key of their name, if it is free and the user is as they were read."""
    is_unchanged = (users.c.id == user_id) & (users.c.name == name) & users.c.name_key.is_(None)
    has_key = sa.select(others.c.id).where(others.c.name_key == key).exists()
    # On PostgreSQL a statement stands alone here. On SQLite there is a transaction, which outlives the statement.
    with suppress(IntegrityError):  # a sign-up that was not committed yet, and not seen, has taken the key
        connection.execute(users.update().where(is_unchanged, ~has_key).values(name_key=key))


def downgrade() -> None:
    op.drop_index(INDEX, "users")
