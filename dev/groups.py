"""Process groups. Each process of ours leads one, so that what it starts can be reached when it is gone."""

import os
import signal
from contextlib import suppress


def terminate(leader: int) -> None:
    """Ask the leader to end. It tells its own children: a worker's would drop their task at a signal of their own."""
    with suppress(ProcessLookupError):
        os.kill(leader, signal.SIGTERM)


def kill(leader: int) -> None:
    """End all that is left of the leader's group."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def is_alive(leader: int) -> bool:
    """Say whether anything is left of the leader's group."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True
