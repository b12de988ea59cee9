"""A device that keeps the whole inbox with its states, by the rules of docs/protocol.md."""

from dataclasses import dataclass, field
from typing import Any

from tests.failure.memory import Memory
from tests.failure.model import Core, InProcessClient

NOTIFICATIONS = ("following notify", "comment notify")


@dataclass
class State:
    """In which states a notification is."""

    seen: bool = False
    read: bool = False
    archived: bool = False

    def change(self, **changes: bool | None) -> bool:
        """Make a change as the API describes it; say whether it changes anything."""
        before = (self.seen, self.read, self.archived)
        if changes.get("archived") is not None:
            self.archived = bool(changes["archived"])
        if changes.get("read") is not None:
            self.read = bool(changes["read"])
            self.seen = self.seen or self.read
        if changes.get("seen") is not None:
            self.seen = bool(changes["seen"])
            self.read = self.read and self.seen
        return (self.seen, self.read, self.archived) != before


@dataclass
class Shown:
    """What a device shows: states by id, and (unread, unseen)."""

    states: dict[int, State] = field(default_factory=dict)
    counts: tuple[int, int] = (0, 0)


class Device(InProcessClient):
    def __init__(self, core: Core, user_id: int) -> None:
        super().__init__(core, user_id)
        self.memory = self.list = ListMemory(core, user_id)


class ListMemory(Memory):
    """Follows the list by what its socket gets, and reads it again where the protocol says so."""

    def __init__(self, core: Core, user_id: int) -> None:
        super().__init__(lambda: core.read_inbox(user_id))
        self.shown_list = Shown()
        self._early: dict[int, list[dict[str, bool]]] = {}  # marks of notifications that come later
        self._core, self._user_id = core, user_id

    def handle(self, event: str, data: Any) -> None:
        super().handle("following notify" if event in NOTIFICATIONS else event, data)
        if event in NOTIFICATIONS:
            self._add(data["id"])
        elif event == "withdrawn":
            for gone in data["ids"]:
                self.shown_list.states.pop(gone, None)
        elif event == "sync" or (event == "unread" and "unseen_count" not in data) or data.get("more"):
            self.shown_list = self._read()
            self._early.clear()
        elif event == "unread":
            self.shown_list.counts = (data["count"], data["unseen_count"])
        elif event == "state":
            self._mark(data)

    def _add(self, new: int) -> None:
        if new in self.gone or new in self.shown_list.states:
            return
        state = self.shown_list.states[new] = State()
        for changes in self._early.pop(new, []):
            state.change(**changes)

    def _read(self) -> Shown:
        rows, counts = self._core.states(self._user_id)
        states = {
            id_: State(row.seen_at is not None, row.read_at is not None, row.archived_at is not None)
            for id_, row in rows.items()
        }
        return Shown(states, (counts.unread, counts.unseen))

    def _mark(self, data: dict[str, Any]) -> None:
        columns = {"seen": "seen_at", "read": "read_at", "archived": "archived_at"}
        changes = {name: data[column] is not None for name, column in columns.items() if column in data}
        for marked in data["ids"]:
            if marked in self.shown_list.states:
                self.shown_list.states[marked].change(**changes)
            else:
                self._early.setdefault(marked, []).append(changes)
