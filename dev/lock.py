"""Allows one `make run` at a time for a DATA_DIR: two servers that append to the same file would corrupt it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.errors import RunError


@contextmanager
def held(data_dir: Path) -> Iterator[int]:
    """Hold the lock of data_dir; yield its descriptor. A process that inherits it holds it too. Raise RunError."""
    with open(data_dir / "lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(
                f"DATA_DIR: another `make run` works in {data_dir}; stop it, or set DATA_DIR to another folder"
            ) from None
        yield file.fileno()
