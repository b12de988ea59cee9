"""Databases with the tables of this version."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from dev.background import ROOT

_ALEMBIC = str(Path(sys.executable).parent / "alembic")


def upgrade(env: Mapping[str, str]) -> None:
    """Migrate the database of an environment, with the documented command."""
    command = [_ALEMBIC, "upgrade", "head"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@cache
def new_sqlite() -> bytes:
    """Return a SQLite file that was migrated, to be copied: each migration takes a second of CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "new.db"
        upgrade({**os.environ, "DATABASE_URL": f"sqlite:///{file}"})
        return file.read_bytes()
