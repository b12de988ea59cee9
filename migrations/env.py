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
    with database.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=database.is_sqlite,  # it can't change a table in place: its migrations copy it
            transaction_per_migration=True,  # PostgreSQL makes an index without locking its table in none at all
        )
        with context.begin_transaction():
            context.run_migrations()


run()
