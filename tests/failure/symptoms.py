"""The proof that a fault had an effect: without one, a case that passes proves nothing.

A symptom is a number that is larger after the fault was injected than before.
"""

from collections.abc import Callable

from tests.failure.load import Load

Symptom = Callable[[Load], float]


def log_says(process: str, text: str) -> Symptom:
    """Count how often a process has written a text to its log."""

    def count(load: Load) -> int:
        found = load.cluster.system.processes.get(process)
        return found.log.read_text(errors="replace").count(text) if found else 0

    return count


def metric(process: str, name: str) -> Symptom:
    return lambda load: load.cluster.metric(process, name)


def is_stalled(process: str) -> Symptom:
    """Say whether an IM server reports under /readyz that its subscription is stalled."""
    return lambda load: "stalled" in load.cluster.read(process, "/readyz")


def unrecovered(load: Load) -> float:
    """Return the smallest number of times that any client was told to read its inbox."""
    return min(client.memory.unrecovered for client in load.clients)


def closed_sockets(load: Load) -> float:
    """Count the sockets that were closed so that their clients reconnect and catch up."""
    return sum(load.cluster.metric(f"im{i}", "toutiao_im_disconnects_total") for i in range(2))
