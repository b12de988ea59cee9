"""By what one can tell that a system was hurt at all: an injury that misses proves nothing.

A sign is a number that is more after the injury than it was before.
"""

from collections.abc import Callable

from tests.failure.load import Load

Sign = Callable[[Load], float]


def log_says(process: str, text: str) -> Sign:
    """A process writes a text to its log."""

    def count(load: Load) -> int:
        found = load.world.system.processes.get(process)
        return found.log.read_text(errors="replace").count(text) if found else 0

    return count


def metric(process: str, name: str) -> Sign:
    return lambda load: load.world.metric(process, name)


def is_deaf(process: str) -> Sign:
    """An IM server says under /readyz that it does not hear itself."""
    return lambda load: "deaf" in load.world.says(process, "/readyz")


def unrecovered(load: Load) -> float:
    """Count how often each device, at least, was told to read its inbox."""
    return min(device.memory.unrecovered for device in load.devices)


def sent_away(load: Load) -> float:
    """Count the sockets that were closed to have their clients catch up."""
    return sum(load.world.metric(f"im{i}", "toutiao_im_sent_away_total") for i in range(2))
