"""What a client remembers: the ids that it has seen, and its offset. The rules are those of clients/js."""

import time
from collections.abc import Callable, Iterable
from typing import Any

_EMPTY_HISTORY = "0-0"


class Memory:
    """`read_inbox` returns all ids in the inbox; an error that it raises ends the connection."""

    def __init__(self, read_inbox: Callable[[], Iterable[int]]) -> None:
        self.seen_at: dict[int, float] = {}  # by id, from a socket or from the inbox
        self.gone: set[int] = set()  # withdrawn
        self.from_inbox: set[int] = set()
        self.repeats = 0
        self.disorders: list[str] = []
        self.unrecovered = 0
        self.epochs = 0  # that began while it was not connected
        self.late = 0  # pushes with a lower id than an earlier one
        self.offset: str | None = None
        self.is_live = False
        self._read_inbox = read_inbox
        self._order = (0, 0)

    @property
    def shown(self) -> set[int]:
        """The ids in the list of the client."""
        return self.seen_at.keys() - self.gone

    def begin(self) -> None:
        """Begin a new connection."""
        self.is_live = False
        self._order = (0, 0)

    def handle(self, event: str, data: Any) -> None:
        if event == "following notify":
            self._take(data)
        elif event == "withdrawn":
            self.gone |= set(data["ids"])
        elif event == "sync":
            self._sync(data)

    def _take(self, data: dict[str, Any]) -> None:
        if data["id"] in self.seen_at:
            self.repeats += 1
            return
        self.late += data["id"] < max(self.seen_at, default=0)
        self.seen_at[data["id"]] = time.monotonic()
        order = _order(data["offset"])
        if order <= self._order:
            self.disorders.append(f"{data['offset']} after {self._order}")
        self._order = order
        if self.is_live:
            self.offset = data["offset"]

    def _sync(self, sync: dict[str, Any]) -> None:
        self.unrecovered += not sync["recovered"]
        self.epochs += not sync["recovered"] and sync["offset"] != _EMPTY_HISTORY
        if not sync["recovered"] or self.offset is None or sync["unread_count"] is None:
            listed = list(self._read_inbox())
            for found in listed:
                if found not in self.seen_at:
                    self.seen_at[found] = time.monotonic()
                    self.from_inbox.add(found)
            self.gone |= self.seen_at.keys() - set(listed)
        if sync["recovered"] or sync["offset"] != _EMPTY_HISTORY:
            self.offset = sync["offset"]
        self.is_live = True


def _order(offset: str) -> tuple[int, int]:
    milliseconds, _, sequence = offset.partition("-")
    return int(milliseconds), int(sequence)
