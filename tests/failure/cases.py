"""What is done to the system, as a table."""

import random

from tests.failure.engine import Case
from tests.failure.injuries import Injury, crash, crash_at, cut, kill, pause, stop, terminate
from tests.failure.refusals import alarm, no_snapshots, no_writes
from tests.failure.twists import (
    commit_late,
    crowd,
    cut_listeners,
    flush,
    lose_memory,
    poison,
    restore_older,
    roam,
    stall,
    unbind_listeners,
)
from tests.failure.world import PROCESSES, Shape

CRASH_POINTS = ("after commit", "after claim", "after append", "after emit")
CUTS = ("drop", "refuse", "silence", "delay", "forget")


def cases_of(shape: Shape, seed: int = 0) -> list[Case]:
    """Return all cases for a system of this shape."""
    services = shape.service_names
    links = [f"{process}-{shape.broker}" for process in PROCESSES]
    links += [f"{process}-valkey" for process in ("api", "worker", "im0")] if shape.broker != "valkey" else []
    links += [f"{process}-postgresql" for process in ("api", "worker")] if "postgresql" in services else []
    table = [
        _one(Injury("nothing", hurt=lambda _load: None)),
        *(_one(act(process)) for process in PROCESSES for act in (kill, terminate)),
        *(_one(crash_at(point)) for point in CRASH_POINTS),
        *(_one(act(service)) for service in services for act in (stop, crash, pause)),
        *(_twice(act(service)) for service in services for act in (stop, pause)),
        *(_twice(kill(process)) for process in ("worker", "im0")),
        *(_one(cut(link, how)) for link in links for how in CUTS),
        *(_one(cut("device-im0", how)) for how in CUTS if how != "forget"),
        _one(cut_listeners()),
        _twice(cut_listeners()),
        _one(flush()),
        _one(lose_memory()),
        _one(restore_older()),
        *(_one(no_writes(why)) for why in ("full", "unreplicated")),
        _one(no_snapshots()),
        _one(poison()),
        _one(stall()),
        _one(roam()),
        _twice(roam()),
        _one(crowd()),
        Case("rolling restart", (terminate("im0"), terminate("im1"))),
        Case("pause all", (pause(*(name for name in services if name != "postgresql"), seconds=8),)),
        Case("at random", tuple(_at_random(services, seed))),
    ]
    if "postgresql" in services:
        table.append(_one(commit_late()))  # on SQLite everybody else would wait
    if shape.broker == "rabbitmq":
        table.append(_one(unbind_listeners()))
        table += [_one(alarm(kind)) for kind in ("memory", "disk")]
    return table


def _one(injury: Injury) -> Case:
    return Case(injury.what, (injury,))


def _twice(injury: Injury) -> Case:
    return Case(f"{injury.what} twice", (injury,), times=2)


def _at_random(services: tuple[str, ...], seed: int) -> list[Injury]:
    chosen = random.Random(seed)
    acts = [*(kill(process) for process in PROCESSES), *(pause(service, seconds=1) for service in services), roam()]
    return chosen.sample(acts, 5)
