"""Run one case: start the load, inject the faults, repair them, wait, and reconcile."""

import time
from dataclasses import dataclass

from tests.failure import group_updates, rare
from tests.failure.cluster import Cluster
from tests.failure.faults import Fault
from tests.failure.load import Load
from tests.failure.reconcile import LONGEST_ANSWER_SECONDS, Outcome, reconcile

_BEFORE_SECONDS = 1.0  # of load without a fault
_AFTER_SECONDS = 2.0
_SYMPTOM_SECONDS = 30.0
_PATIENCE_SECONDS = 60.0  # what a client has not seen by then is missing


@dataclass(frozen=True)
class Case:
    """Faults that are injected one after the other, `times` over."""

    name: str
    faults: tuple[Fault, ...]
    times: int = 1


def run(cluster: Cluster, case: Case, *, slack: float = 1) -> Outcome:
    """Return the outcome. A promise that the system breaks is in the outcome and raises nothing.

    `slack` multiplies the times that an answer and the repair may take: a busy machine should fail no test.
    """
    outcome = Outcome(cluster.name, case.name, ", ".join(fault.name for fault in case.faults))
    cluster.wait_ready()
    with Load(cluster) as load:
        load.start()
        rare_before = rare.count(load)
        time.sleep(_BEFORE_SECONDS)
        for fault in case.faults * case.times:
            _inject(load, fault, outcome)
        repaired_at = time.monotonic()
        time.sleep(_AFTER_SECONDS)
        load.finish(seconds=_PATIENCE_SECONDS)
        _wait_until_seen(load)
        reconcile(load, outcome, repaired_at=repaired_at)
        outcome.reached = rare.reached(rare_before, rare.count(load))
    _wait_until_ready(cluster, outcome)
    _judge(case, outcome, slack)
    return outcome


def _inject(load: Load, fault: Fault, outcome: Outcome) -> None:
    before = {name: symptom(load) for name, symptom in fault.symptoms.items()}
    fault.inject(load)
    deadline = time.monotonic() + _SYMPTOM_SECONDS
    time.sleep(fault.lasts_seconds)
    pending = set(before)
    while pending and time.monotonic() < deadline:
        pending = {name for name in pending if fault.symptoms[name](load) <= before[name]}
        time.sleep(0.1)
    outcome.problems += [f"{fault.name} has no symptom: {name}" for name in pending]
    fault.repair(load)


def _wait_until_seen(load: Load) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    rows = load.rows()
    while (any(load.unseen(rows)) or any(group_updates.untold(load, rows))) and time.monotonic() < deadline:
        time.sleep(0.1)


def _wait_until_ready(cluster: Cluster, outcome: Outcome) -> None:
    try:
        cluster.wait_ready()
    except TimeoutError as error:
        outcome.problems.append(str(error))


def _judge(case: Case, outcome: Outcome, slack: float) -> None:
    longest_settling = slack * max(fault.settles_seconds for fault in case.faults)
    if outcome.settled_seconds > longest_settling:
        outcome.problems.append(f"settled later than {longest_settling:.0f} s after the repair")
    if outcome.crashes:
        outcome.problems.append(f"follows were answered {outcome.crashes}, not 503")
    if all(fault.answers_stay for fault in case.faults):
        if outcome.refused:
            outcome.problems.append(f"{outcome.refused} follows were not answered 201")
        if outcome.slowest_seconds > slack * LONGEST_ANSWER_SECONDS:
            outcome.problems.append(f"a follow took {outcome.slowest_seconds:.2f} s")
