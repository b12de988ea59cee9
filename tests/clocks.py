"""Processes whose clock is wrong: libfaketime answers them when they ask for the time."""

import os
from pathlib import Path

import pytest

from tests.services import missing

_LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


def off_by(seconds: int) -> dict[str, str]:
    """Return the environment of a process whose clock is so many seconds ahead, or behind."""
    return {**_faked(), "FAKETIME": f"{seconds:+d}s"}


class JumpingClock:
    """A clock that goes right until it jumps, while the processes that read it run."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.jump(0)

    @property
    def environment(self) -> dict[str, str]:
        return {**_faked(), "FAKETIME_TIMESTAMP_FILE": str(self._file), "FAKETIME_NO_CACHE": "1"}

    def jump(self, seconds: int) -> None:
        """Be so many seconds ahead of the right time, or behind it, from now on."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}s\n")
        os.replace(new, self._file)  # whole at each moment, since others read it without a pause


def _faked() -> dict[str, str]:
    if not _LIBRARIES:
        missing("libfaketime")
        pytest.fail("unreachable")
    # As on a machine whose clock is set: what the kernel counts since its start goes on as before.
    return {"LD_PRELOAD": str(_LIBRARIES[0]), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
