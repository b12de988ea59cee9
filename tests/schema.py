"""Databases with the tables of this version."""

import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from app.models import Base
from core.db import Database
from dev.background import ROOT

_SETTINGS = ("DATABASE_URL", "DATABASE_SCHEMA")


def migrate(step: Callable[[Config, str], None], env: Mapping[str, str], revision: str) -> None:
    """Do the same as the command, in this process: each start of it takes a second of CPU time."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _SETTINGS:
            patch.delenv(name, raising=False)
            if name in env:
                patch.setenv(name, env[name])
        patch.setattr(sys, "path", sys.path.copy())  # Alembic puts a folder there
        step(Config(toml_file=ROOT / "pyproject.toml"), revision)


def upgrade(env: Mapping[str, str]) -> None:
    """Migrate the database of an environment."""
    migrate(command.upgrade, env, "head")


@cache
def new_sqlite() -> bytes:
    """Return a SQLite file that was migrated, to be copied."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "new.db"
        upgrade({"DATABASE_URL": f"sqlite:///{file}"})
        return file.read_bytes()


def make_sqlite(file: Path) -> Database:
    """Make a SQLite file with the tables of the models, and open it."""
    file.write_bytes(_sqlite_of_the_models())
    return Database(f"sqlite:///{file}")


@cache
def _sqlite_of_the_models() -> bytes:
    """Return a file to be copied: it takes a tenth of the time that the tables take."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "new.db"
        with closing(Database(f"sqlite:///{file}")) as database:
            Base.metadata.create_all(database.engine)
        return file.read_bytes()
