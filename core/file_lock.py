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


@contextmanager
def held_among_siblings(file: IO[bytes]) -> Iterator[bool]:
    """Lock a file that the parent had open before it forked; yield False where another child holds the lock.

    It needs no name that other users of the machine could take. Threads of one child do not exclude each other.
    """
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        fcntl.lockf(file, fcntl.LOCK_UN)


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
