"""The CPU time of a server between two moments."""

import time
from collections.abc import Callable

from bench.load import Load
from bench.processes import Process

_QUIET_SECONDS = 0.3
_TICK_SECONDS = 0.011  # the kernel counts CPU time in hundredths of a second


class Meter:
    """Counts the CPU time of a server from now on."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._started = process.cpu_seconds()

    def cpu_us(self, *, per: int) -> float:
        return 1e6 * (self._process.cpu_seconds() - self._started) / per


def wait_quiet(load: Load, process: Process, *, seconds: float, until: Callable[[], bool] = lambda: True) -> float:
    """Serve the clients until the server is idle and until() is true; return the time at which it became idle."""
    quiet_since, cpu = time.monotonic(), process.cpu_seconds()
    checked = 0.0

    def is_quiet() -> bool:
        nonlocal quiet_since, cpu, checked
        now = time.monotonic()
        if now - checked < _QUIET_SECONDS / 3:
            return False
        checked = now
        used = process.cpu_seconds()
        if used - cpu > _TICK_SECONDS or not until():
            quiet_since, cpu = now, used
        return now - quiet_since > _QUIET_SECONDS

    load.run(is_quiet, seconds=seconds, what="the server becomes idle")
    return quiet_since
