"""Locks between the processes of one machine. The kernel releases a lock when its holder dies."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

_PAUSE_SECONDS = 0.01


@contextmanager
def held(path: str, *, seconds: float) -> Iterator[bool]:
    """Lock a file for the block; yield False where another process held the lock for all of these seconds."""
    with open(path, "a") as file:
        yield _lock(file, seconds)


def _lock(file: IO[str], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_SECONDS)
        else:
            return True
