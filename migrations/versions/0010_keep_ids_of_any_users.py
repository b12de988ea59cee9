"""Keep ids of any users

Notifications belong to the engine, and users to the app. An app may store its users in another place.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COLUMNS = ("actor_id", "recipient_id")
# On SQLite the constraints have no names. These are the names that PostgreSQL gave them.
NAMES = {"fk": "%(table_name)s_%(column_0_name)s_fkey"}


def upgrade() -> None:
    with op.batch_alter_table("notifications", naming_convention=NAMES) as table:
        for column in COLUMNS:
            table.drop_constraint(f"notifications_{column}_fkey", type_="foreignkey")


def downgrade() -> None:
    with op.batch_alter_table("notifications") as table:
        for column in COLUMNS:
            table.create_foreign_key(f"notifications_{column}_fkey", "users", [column], ["id"])
