"""Tie a process to its parent: `python -m dev.tether COMMAND...` becomes COMMAND, and ends when its parent does."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def tie(number: signal.Signals) -> None:
    """Have the kernel send this process a signal when its parent dies. Only Linux can; elsewhere this does nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)


if __name__ == "__main__":
    tie(signal.SIGTERM)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  (no shell is what is wanted)
