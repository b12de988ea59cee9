"""Run migrations against DATABASE_URL."""

from alembic import context

from app.config import SettingsError, settings
from app.db import Database
from app.models import Base


def run() -> None:
    try:
        url = settings().database_url
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    database = Database(url, pool_size=1)
    with database.transaction() as connection:
        # SQLite can't change a table in place: its migrations copy it.
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=database.is_sqlite)
        with context.begin_transaction():
            context.run_migrations()


run()
