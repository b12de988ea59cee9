"""Run migrations against DATABASE_URL."""

from alembic import context

from app.config import DatabaseSettings, SettingsError, load_settings
from app.db import UNAVAILABLE, Database
from app.models import Base


def run() -> None:
    try:
        database = Database(load_settings(DatabaseSettings).database_url, pool_size=1)
        database.ping()
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    except UNAVAILABLE as error:
        raise SystemExit(f"DATABASE_URL: does not answer: {str(error).partition(chr(10))[0]}") from None
    with database.transaction() as connection:
        # SQLite can't change a table in place: its migrations copy it.
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=database.is_sqlite)
        with context.begin_transaction():
            context.run_migrations()


run()
