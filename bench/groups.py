"""Prints what groups cost a dispatch, in microseconds of CPU a notification, and how often a burst is told, as JSON.

It runs with the settings of a worker, on an empty database.
"""

import json
import statistics
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert

from core import wire
from core.events import Event
from core.history import Entry
from core.models import Notification
from core.wire import Audience
from tasks.batch import push_batch
from tasks.due_groups import tell_due
from tasks.notifications import BATCH
from tasks.resources import resources

_BATCHES = 10
_ROUNDS = 3
_BURST = 10_000
_PART = 100
_BURST_SECONDS = 60


class Plain(Event, name="bench plain"):
    """A notification without a group."""


class Gathered(Event, name="bench gathered", group="all"):
    """The same with a group."""


def main() -> None:
    to = resources()
    names = {event: event.declaration.name for event in (Plain, Gathered)}
    cases = {
        "groups_none_us": (names[Plain], False),
        "groups_one_us": (names[Gathered], True),
        "groups_plain_one_us": (names[Plain], True),
        "groups_each_us": (names[Gathered], False),
    }
    measured: dict[str, list[float]] = {case: [] for case in cases}
    for number in range(_ROUNDS + 1):  # the first round also connects and compiles the statements
        for case, (name, is_one_user) in cases.items():
            _write(to, name, _BATCHES * BATCH, users=1 if is_one_user else _BATCHES * BATCH, round=number)
            spent = _dispatch_us(to)
            if number:
                measured[case].append(spent)
    medians = {case: statistics.median(rounds) for case, rounds in measured.items()}
    print(json.dumps({**medians, "groups_burst_updates": _burst(to, names[Gathered])}))


def _write(to: Any, event: str, count: int, *, users: int, round: int) -> None:
    """Write notifications of users whose histories no other case has."""
    rows = [
        {"recipient_id": f"{event} {users} {round} {n % users}", "actor_id": str(1 + n % 500), "event": event}
        for n in range(count)
    ]
    with to.database.transaction() as connection:
        connection.execute(insert(Notification), rows)


def _dispatch_us(to: Any) -> float:
    started, count = time.process_time(), 0
    while outcome := push_batch(to, limit=BATCH):
        count += len(outcome)
    return 1e6 * (time.process_time() - started) / count


def _burst(to: Any, event: str) -> int:
    """Return how often sockets are told of a group that grows for a minute."""
    updates, user = 0, f"{event} 1 -1 0"
    append = to.history.append

    def counted(entries: Sequence[Entry]) -> Any:
        nonlocal updates
        # Not those of the cases above, which may still be due.
        updates += sum(wire.audience(one.head) is Audience.GROUPS and one.user_id == user for one in entries)
        return append(entries)

    to.history.append = counted
    parts = _BURST // _PART
    began = time.monotonic()
    for part in range(parts):
        _write(to, event, _PART, users=1, round=-1)
        push_batch(to, limit=BATCH)
        tell_due(to, limit=BATCH)
        time.sleep(max(0.0, began + (part + 1) * _BURST_SECONDS / parts - time.monotonic()))
    if (took := time.monotonic() - began) > _BURST_SECONDS + 1:
        raise RuntimeError(f"this machine took {took:.0f} s for a burst of {_BURST_SECONDS} s")
    return updates


if __name__ == "__main__":
    main()
