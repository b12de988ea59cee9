"""Locks between the processes of one machine, which the kernel releases when their holder dies."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

_PAUSE_SECONDS = 0.01


@contextmanager
def held(path: str, *, seconds: float) -> Iterator[bool]:
    """Hold the lock of a file for the time of the block; yield whether it came free in time."""
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
