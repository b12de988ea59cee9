"""Stops the processes of a runner that was killed: `python -m dev.guard`.

It reads the leaders of process groups from standard input, one on each line, with a minus after one has ended. When the
runner is killed, the input ends. A runner that stops normally stops its processes, and then kills its guard.
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
