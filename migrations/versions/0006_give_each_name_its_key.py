"""Give each name its key

If several names differ only in case, the oldest one gets the key. The other users keep their names, and have to type
them exactly. After an interruption, the next run continues.
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

# A table, and no sa.table(), whose statements would not name the schema.
users = sa.Table("users", sa.MetaData(), *(sa.Column(name) for name in ("id", "name", "name_key")))
others = users.alias("others")


def upgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        op.create_index(INDEX, "users", ["name_key"], unique=True)
        fill()
        return
    with op.get_context().autocommit_block():
        # A run that was interrupted leaves an invalid index.
        op.drop_index(INDEX, "users", if_exists=True, postgresql_concurrently=True)
        op.create_index(INDEX, "users", ["name_key"], unique=True, postgresql_concurrently=True)
        fill()


def fill() -> None:
    """Give keys in batches, with one statement for each row, so that no row is locked for long.

    Users may sign up and change their names at the same time. A user who has a key keeps it. A name whose key another
    user has gets none.
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
    """Give a user the key of their name, if the key is free and the user has not changed since."""
    is_unchanged = (users.c.id == user_id) & (users.c.name == name) & users.c.name_key.is_(None)
    has_key = sa.select(others.c.id).where(others.c.name_key == key).exists()
    # On PostgreSQL each statement is its own transaction. On SQLite, a failed statement does not end the transaction.
    with suppress(IntegrityError):  # a sign-up that was not yet committed has the key
        connection.execute(users.update().where(is_unchanged, ~has_key).values(name_key=key))


def downgrade() -> None:
    op.drop_index(INDEX, "users")
