"""Processes with a wrong clock, which libfaketime provides."""

import os
from pathlib import Path

import pytest

from tests.services import missing

_LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


def off_by(seconds: int) -> dict[str, str]:
    """Return the environment of a process whose clock is some seconds ahead, or behind if negative."""
    return {**_faked(), "FAKETIME": f"{seconds:+d}s"}


class JumpingClock:
    """A clock that is right until it jumps, while the processes that read it run."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.jump(0)

    @property
    def environment(self) -> dict[str, str]:
        return {**_faked(), "FAKETIME_TIMESTAMP_FILE": str(self._file), "FAKETIME_NO_CACHE": "1"}

    def jump(self, seconds: int) -> None:
        """Be some seconds ahead of the right time from now on, or behind it if negative."""
        self.seconds = seconds
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}s\n")
        os.replace(new, self._file)  # replaced atomically, because processes read it all the time


def _faked() -> dict[str, str]:
    if not _LIBRARIES:
        missing("libfaketime")
        pytest.fail("unreachable")
    # As on a machine whose clock is set, the monotonic clock does not change.
    return {"LD_PRELOAD": str(_LIBRARIES[0]), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
