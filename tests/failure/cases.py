"""All cases: which faults are injected into a cluster, one after the other."""

import random

from tests.failure.client_faults import reconnect_clients, slow_client
from tests.failure.cluster import PROCESSES, Shape
from tests.failure.data_faults import commit_late, dead_letter, flush, restart_empty, restore_older
from tests.failure.engine import Case
from tests.failure.faults import Fault
from tests.failure.process_faults import crash_at, extra_processes, kill, terminate
from tests.failure.service_faults import LINK_FAULTS, break_link, crash, pause, stop
from tests.failure.subscription_faults import cut_subscriptions, unbind_queues
from tests.failure.write_faults import alarm, fail_snapshots, refuse_writes

FAILPOINTS = (
    "after commit",
    "after claim",
    "after append",
    "after emit",
    "after append of groups",
    "after emit of groups",
)


def cases_of(shape: Shape, seed: int = 0) -> list[Case]:
    """Return all cases for a system of this shape."""
    services = shape.service_names
    links = [f"{process}-{shape.broker}" for process in PROCESSES]
    links += [f"{process}-valkey" for process in ("api", "worker", "im0")] if shape.broker != "valkey" else []
    links += [f"{process}-postgresql" for process in ("api", "worker")] if "postgresql" in services else []
    table = [
        _one(Fault("no fault", inject=lambda _load: None)),
        *(_one(fault(process)) for process in PROCESSES for fault in (kill, terminate)),
        *(_one(crash_at(point)) for point in FAILPOINTS),
        *(_one(fault(service)) for service in services for fault in (stop, crash, pause)),
        *(_twice(fault(service)) for service in services for fault in (stop, pause)),
        *(_twice(kill(process)) for process in ("worker", "im0")),
        *(_one(break_link(link, how)) for link in links for how in LINK_FAULTS),
        *(_one(break_link("client-im0", how)) for how in LINK_FAULTS if how != "half-open"),
        _one(cut_subscriptions()),
        _twice(cut_subscriptions()),
        _one(flush()),
        _one(restart_empty()),
        _one(restore_older()),
        *(_one(refuse_writes(reason)) for reason in ("out of memory", "without replicas")),
        _one(fail_snapshots()),
        _one(dead_letter()),
        _one(slow_client()),
        _one(reconnect_clients()),
        _twice(reconnect_clients()),
        _one(extra_processes()),
        Case("rolling restart", (terminate("im0"), terminate("im1"))),
        Case("pause all", (pause(*(name for name in services if name != "postgresql"), seconds=8),)),
        Case("random faults", tuple(_at_random(services, seed))),
    ]
    if "postgresql" in services:
        table.append(_one(commit_late()))  # on SQLite every other writer would wait
    if shape.broker == "rabbitmq":
        table.append(_one(unbind_queues()))
        table += [_one(alarm(kind)) for kind in ("memory", "disk")]
    return table


def _one(fault: Fault) -> Case:
    return Case(fault.name, (fault,))


def _twice(fault: Fault) -> Case:
    return Case(f"{fault.name} twice", (fault,), times=2)


def _at_random(services: tuple[str, ...], seed: int) -> list[Fault]:
    faults = [kill(process) for process in PROCESSES]
    faults += [pause(service, seconds=1) for service in services]
    faults.append(reconnect_clients())
    return random.Random(seed).sample(faults, 5)
