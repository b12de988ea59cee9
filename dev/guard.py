"""Outlives the runner if it is killed, and ends what it started: `python -m dev.guard`.

Reads the leaders of process groups from standard input, one a line, with a minus when one has ended by itself. The
input ends when the runner does; a runner that has stopped everything ends its guard first.
"""

import sys
import time
from collections.abc import Iterable

from dev import groups

_GRACE_SECONDS = 3
_POLL_SECONDS = 0.05


def main() -> None:
    leaders = _read(sys.stdin)
    for leader in leaders:
        groups.terminate(leader)
    deadline = time.monotonic() + _GRACE_SECONDS
    while any(map(groups.is_alive, leaders)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    for leader in leaders:
        groups.kill(leader)


def _read(lines: Iterable[str]) -> list[int]:
    leaders: list[int] = []
    for number in map(int, lines):
        if number > 0:
            leaders.append(number)
        else:
            leaders.remove(-number)
    return leaders


if __name__ == "__main__":
    main()
