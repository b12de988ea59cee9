"""Process groups. Each process leads a group, so that its children can be stopped after it has ended."""

import os
import signal
from contextlib import suppress


def terminate(leader: int) -> None:
    """Send SIGTERM to the leader only. It stops its own children: a worker's child would drop its task at a signal."""
    with suppress(ProcessLookupError):
        os.kill(leader, signal.SIGTERM)


def kill(leader: int) -> None:
    """Kill all processes of the leader's group that still run."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def is_alive(leader: int) -> bool:
    """Return whether any process of the leader's group still runs."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True
