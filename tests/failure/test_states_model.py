"""Two devices mark, miss events and come back. At rest, counts and lists agree with a simple model, on both.

One of them asks for groups: its list has one row for all of a group.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from core.inbox_filters import STATES, Filter
from core.inbox_marks import Change
from core.inbox_states import Marked
from tests.failure.device import Device, GroupDevice, State
from tests.failure.model import Core, Crash, Server
from tests.failure.test_model import make_core

__all__ = ["make_core"]  # a fixture

CATEGORY = st.sampled_from(["people", "articles"])
SERVER = st.integers(0, 1)
DEVICE = st.integers(0, 1)
FLAG = st.none() | st.booleans()
CHANGE = st.builds(Change, seen=FLAG, read=FLAG, archived=FLAG).filter(
    lambda change: change != Change() and not (change.read and change.seen is False)
)
FILTER = st.builds(Filter, st.sampled_from(STATES), st.none() | CATEGORY)


@dataclass
class Row:
    category: str
    state: State

    def is_in(self, filter: Filter) -> bool:
        is_in_state = {
            "all": not self.state.archived,
            "unread": not self.state.archived and not self.state.read,
            "archived": self.state.archived,
        }[filter.state]
        return is_in_state and filter.category in (None, self.category)


class States(RuleBasedStateMachine):
    """The model: the states of each notification of one user that is not withdrawn, by id."""

    def __init__(self, core: Core) -> None:
        super().__init__()
        self.core = core
        self.user = core.users[0]
        self.servers = [Server(core), Server(core)]
        self.plain, self.grouped = Device(core, self.user), GroupDevice(core, self.user)
        self.devices = (self.plain, self.grouped)
        self.rows: dict[int, Row] = {}
        self.untold: list[Marked] = []  # marks that no worker has told yet

    @initialize()
    def start(self) -> None:
        for device, server in zip(self.devices, self.servers, strict=True):
            device.connect(server)

    @rule(category=CATEGORY, actor=st.integers(1, 2))
    def notify(self, category: str, actor: int) -> None:
        new = self.core.notify(self.core.users[actor], self.user, category)
        self.rows[new] = Row(category, State())

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(sorted(self.rows)))
        self.core.withdraw(gone)
        del self.rows[gone]

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), change=CHANGE)
    def mark(self, data: st.DataObject, change: Change) -> None:
        ids = data.draw(st.lists(st.sampled_from(sorted(self.rows)), min_size=1, unique=True))
        self._expect(self.core.mark(self.user, ids, change), ids, change)

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), change=CHANGE)
    def mark_groups(self, data: st.DataObject, change: Change) -> None:
        ids = data.draw(st.lists(st.sampled_from(sorted(self.rows)), min_size=1, unique=True))
        groups = self.core.group_ids(self.user)
        gathered = {
            below
            for id_ in ids
            for below in self.rows
            if below == id_ or (id_ in groups and below <= id_ and groups.get(below) == groups[id_])
        }
        self._expect(self.core.mark_groups(self.user, ids, change), list(gathered), change)

    @rule(filter=FILTER, change=CHANGE)
    def mark_filter(self, filter: Filter, change: Change) -> None:
        ids = [id_ for id_, row in self.rows.items() if row.is_in(filter)]
        self._expect(self.core.mark_filter(self.user, filter, change), ids, change)

    def _expect(self, changed: list[int], ids: list[int], change: Change) -> None:
        flags = {"seen": change.seen, "read": change.read, "archived": change.archived}
        expected = [id_ for id_ in sorted(ids, reverse=True) if self.rows[id_].state.change(**flags)]
        assert changed == expected
        if changed:
            self.untold.append(Marked(change.columns, changed))

    @precondition(lambda self: self.untold)
    @rule(data=st.data())
    def tell(self, data: st.DataObject) -> None:
        """A worker tells a mark, and not always the oldest first."""
        place = data.draw(st.integers(0, len(self.untold) - 1))
        self.core.tell_marks(self.user, self.untold.pop(place))

    @rule()
    def dispatch(self) -> None:
        self.core.dispatch()

    @rule()
    def crash_in_dispatch(self) -> None:
        try:
            self.core.dispatch(crash_after=("emitter", "push"))
        except Crash:
            pass

    @rule(seconds=st.integers(1, 6))
    def wait(self, seconds: int) -> None:
        self.core.let_groups_wait(seconds)

    @rule()
    def tell_due(self) -> None:
        self.core.tell_due()

    @rule(part=st.sampled_from([("history", "append"), ("emitter", "push")]))
    def crash_in_tell_due(self, part: tuple[str, str]) -> None:
        try:
            self.core.tell_due(crash_after=part)
        except Crash:
            pass

    @rule()
    def deliver(self) -> None:
        queue, self.core.queue = self.core.queue, []
        for message in queue:
            for server in self.servers:
                server.receive(message)

    @rule()
    def lose_queued_messages(self) -> None:
        self.core.queue = []
        for server in self.servers:
            server.resubscribe()

    @rule(device=DEVICE)
    def read_socket(self, device: int) -> None:
        self.devices[device].read()

    @rule(device=DEVICE)
    def leave(self, device: int) -> None:
        self.devices[device].disconnect()

    @rule(device=DEVICE, server=SERVER)
    def come_back(self, device: int, server: int) -> None:
        self.devices[device].disconnect()
        self.devices[device].connect(self.servers[server])

    @rule()
    def rest(self) -> None:
        for marked in self.untold:
            self.core.tell_marks(self.user, marked)
        self.untold.clear()
        while self.core.dispatch():
            pass
        while self.core.due_groups():
            self.core.let_groups_wait(6)
            self.core.tell_due()
        self.deliver()
        for device in self.devices:
            if not device.is_open:
                device.connect(self.servers[0])
            device.read()
        self._check()

    def teardown(self) -> None:
        self.rest()

    def _check(self) -> None:
        everything = {id_: row.state for id_, row in self.rows.items()}
        for category in (None, "people", "articles"):
            self._check_lists(category)
        unread = [row for row in self.rows.values() if row.is_in(Filter("unread"))]
        counts = (len(unread), sum(not row.state.seen for row in unread))
        assert self.plain.list.shown_list.states == everything
        assert self.grouped.list.sizes == dict(self.core.read_groups(self.user, Filter()))
        assert self.plain.list.shown_list.counts == self.grouped.list.counts == counts

    def _check_lists(self, category: str | None) -> None:
        counted = self.core.count_states(self.user, Filter(category=category))
        for state in STATES:
            filter = Filter(state, category)
            listed = sorted((id_ for id_, row in self.rows.items() if row.is_in(filter)), reverse=True)
            assert self.core.read_page(self.user, filter) == listed
            assert counted[state] == len(listed)
            self._check_groups(filter, listed)

    def _check_groups(self, filter: Filter, listed: list[int]) -> None:
        """The list with groups has the newest of each group, and says how many it stands for."""
        groups = self.core.group_ids(self.user)
        of_each: dict[int, list[int]] = {}
        for id_ in listed:
            of_each.setdefault(groups.get(id_, id_), []).append(id_)
        assert self.core.read_groups(self.user, filter) == [(ids[0], len(ids)) for ids in of_each.values()]


def test_devices_agree_at_rest_whatever_was_marked_and_missed(make_core: Callable[[], Any]) -> None:
    run_state_machine_as_test(
        lambda: States(make_core()),
        settings=settings(
            max_examples=int(os.environ.get("MODEL_EXAMPLES", "60")),
            stateful_step_count=30,
            deadline=None,  # the time of a step depends on the machine
            suppress_health_check=list(HealthCheck),
        ),
    )
