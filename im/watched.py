"""A descriptor that the hub watches while there is no reason to leave it.

The hub calls `cb` of what stands in its table when a descriptor can be read; the connection stands there itself, which
saves two objects a client. The names belong to eventlet's hubs: tests/unit/im/test_private_names.py.
"""

from types import SimpleNamespace

from eventlet import hubs

from im.budget import Budget

# Why nothing is read from a client: its owner is busy, its budget is spent, what was read before waits for its turn, or
# nothing more is expected.
OWNER, BUDGET, TURN, END = 1, 2, 4, 8


class Watched(Budget):
    """What is read is paid for, so it is its client's budget as well. At first the owner is not ready."""

    __slots__ = ("_pauses_for", "fileno")

    # What the hub wants to know of those who wait for a descriptor.
    evtype = hubs.hub.READ
    spent = False
    greenlet = SimpleNamespace(dead=True)

    def __init__(self, fileno: int) -> None:
        super().__init__()
        self.fileno = fileno
        self._pauses_for = OWNER

    def cb(self, _fileno: int) -> None:
        """Read what has arrived. Called by the hub."""
        raise NotImplementedError

    def _stop_reading(self, why: int) -> None:
        if not self._pauses_for:
            hub = hubs.get_hub()
            del hub.listeners[hub.READ][self.fileno]
            hub.register(self.fileno)
        self._pauses_for |= why

    def _watch_without(self, why: int) -> None:
        if self._pauses_for & why:
            self._pauses_for &= ~why
            if not self._pauses_for:
                hub = hubs.get_hub()
                is_new = self.fileno not in hub.listeners[hub.WRITE]
                hub.listeners[hub.READ][self.fileno] = self
                hub.register(self.fileno, new=is_new)
