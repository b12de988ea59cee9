"""Devices that keep the whole inbox by the rules of docs/protocol.md: one with states, and one with groups."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from core.inbox_filters import EVERYTHING
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


class GroupDevice(InProcessClient):
    """A device that asks for groups."""

    auth = MappingProxyType({"groups": True})

    def __init__(self, core: Core, user_id: int) -> None:
        super().__init__(core, user_id)
        self.memory = self.list = GroupMemory(core, user_id)


class GroupMemory(Memory):
    """Follows the list of groups: how many notifications each row stands for, by the newest of them."""

    def __init__(self, core: Core, user_id: int) -> None:
        super().__init__(lambda: core.read_inbox(user_id))
        self.sizes: dict[int, int] = {}
        self.counts = (0, 0)
        self._groups: dict[int, int] = {}  # by the newest of each: the id of the group
        self._core, self._user_id = core, user_id

    def handle(self, event: str, data: Any) -> None:
        if event in NOTIFICATIONS:
            self._update(data)
            return
        super().handle(event, data)
        if event == "unread" and "unseen_count" in data:
            self.counts = (data["count"], data["unseen_count"])
        elif event in ("sync", "state", "withdrawn", "unread"):
            self._read()

    def _update(self, update: dict[str, Any]) -> None:
        if self.is_live:
            self.offset = update["offset"]
        newest, group = update["id"], update["group_id"]
        replaced = {id_ for id_ in self.sizes if id_ == newest or self._groups[id_] == group}
        if any(id_ > newest or (id_ == newest and self.sizes[id_] >= update["count"]) for id_ in replaced):
            return
        if update["count"] != 1 + sum(self.sizes[id_] for id_ in replaced):
            self._read()  # some of its members may be rows of their own here
            return
        for id_ in replaced:
            del self.sizes[id_], self._groups[id_]
        self.sizes[newest], self._groups[newest] = update["count"], group

    def _read(self) -> None:
        self.sizes = dict(self._core.read_groups(self._user_id, EVERYTHING))
        groups = self._core.group_ids(self._user_id)
        self._groups = {id_: groups.get(id_, id_) for id_ in self.sizes}
        _, counts = self._core.states(self._user_id)
        self.counts = (counts.unread, counts.unseen)
