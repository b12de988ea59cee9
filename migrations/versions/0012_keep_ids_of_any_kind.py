"""Keep ids of any kind

The users of an app may be known by UUIDs or names. The ids that are there become the same numbers as text. A
notification may have no actor.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.String(64)
ID_COLUMNS = {"notifications": ("recipient_id", "actor_id"), "revocations": ("user_id",)}
# Of a number that fits BIGINT.
NOT_A_NUMBER = {
    "postgresql": "{0} !~ '^[1-9][0-9]{{0,17}}$'",
    "sqlite": "({0} GLOB '*[^0-9]*' OR {0} = '' OR {0} GLOB '0*' OR length({0}) > 18)",
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # One statement for each table: it is copied once.
        op.execute(
            "ALTER TABLE notifications "
            'ALTER recipient_id TYPE VARCHAR(64) COLLATE "C" USING recipient_id::text, '
            'ALTER actor_id TYPE VARCHAR(64) COLLATE "C" USING actor_id::text, '
            "ALTER actor_id DROP NOT NULL"
        )
        op.execute('ALTER TABLE revocations ALTER user_id TYPE VARCHAR(64) COLLATE "C" USING user_id::text')
        return
    with op.batch_alter_table("notifications") as table:
        table.alter_column("recipient_id", existing_type=NUMBER, type_=TEXT)
        table.alter_column("actor_id", existing_type=NUMBER, type_=TEXT, nullable=True)
    with op.batch_alter_table("revocations") as table:
        table.alter_column("user_id", existing_type=NUMBER, type_=TEXT)


def downgrade() -> None:
    """Make numbers of the ids again; refuse while there is an id that is none."""
    dialect = op.get_bind().dialect.name
    for table, names in ID_COLUMNS.items():
        for name in names:
            [column] = sa.Table(table, sa.MetaData(), sa.Column(name, TEXT)).columns
            wrong = sa.or_(column.is_(None), sa.text(NOT_A_NUMBER[dialect].format(name)))
            if op.get_bind().execute(sa.select(column).where(wrong).limit(1)).first():
                raise SystemExit(f"{table}.{name} has an id that is not a number: this can't be downgraded")
    if dialect == "postgresql":
        op.execute(
            "ALTER TABLE notifications "
            "ALTER recipient_id TYPE BIGINT USING recipient_id::bigint, "
            "ALTER actor_id TYPE BIGINT USING actor_id::bigint, "
            "ALTER actor_id SET NOT NULL"
        )
        op.execute("ALTER TABLE revocations ALTER user_id TYPE BIGINT USING user_id::bigint")
        return
    with op.batch_alter_table("notifications") as table:
        table.alter_column("recipient_id", existing_type=TEXT, type_=NUMBER)
        table.alter_column("actor_id", existing_type=TEXT, type_=NUMBER, nullable=False)
    with op.batch_alter_table("revocations") as table:
        table.alter_column("user_id", existing_type=TEXT, type_=NUMBER)
