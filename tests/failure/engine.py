"""Run one case: load, injure, repair, wait, reconcile."""

import time
from dataclasses import dataclass

from tests.failure import rare
from tests.failure.injuries import Injury
from tests.failure.load import Load
from tests.failure.reconcile import LONGEST_ANSWER_SECONDS, Outcome, reconcile
from tests.failure.world import World

_BEFORE_SECONDS = 1.0  # of load alone
_AFTER_SECONDS = 2.0
_SIGN_SECONDS = 30.0
_PATIENCE_SECONDS = 60.0  # how long a loss is waited for before it is called one


@dataclass(frozen=True)
class Case:
    """Injuries one after the other, `times` over."""

    name: str
    injuries: tuple[Injury, ...]
    times: int = 1


def run(world: World, case: Case, *, longest_answer_seconds: float = LONGEST_ANSWER_SECONDS) -> Outcome:
    """Return the outcome; nothing that the system does wrong raises."""
    outcome = Outcome(world.name, case.name, ", ".join(injury.what for injury in case.injuries))
    world.wait_ready()
    with Load(world) as load:
        load.start()
        rare_before = rare.count(load)
        time.sleep(_BEFORE_SECONDS)
        for injury in case.injuries * case.times:
            _injure(load, injury, outcome)
        repaired_at = time.monotonic()
        time.sleep(_AFTER_SECONDS)
        load.finish(seconds=_PATIENCE_SECONDS)
        _wait_until_seen(load)
        reconcile(load, outcome, repaired_at=repaired_at)
        outcome.reached = rare.reached(rare_before, rare.count(load))
    _wait_until_ready(world, outcome)
    _judge(case, outcome, longest_answer_seconds)
    return outcome


def _injure(load: Load, injury: Injury, outcome: Outcome) -> None:
    before = {what: sign(load) for what, sign in injury.signs.items()}
    injury.hurt(load)
    deadline = time.monotonic() + _SIGN_SECONDS
    time.sleep(injury.lasts_seconds)
    pending = set(before)
    while pending and time.monotonic() < deadline:
        pending = {what for what in pending if injury.signs[what](load) <= before[what]}
        time.sleep(0.1)
    outcome.problems += [f"no sign of the injury: {what}" for what in pending]
    injury.repair(load)


def _wait_until_seen(load: Load) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    rows = load.rows()
    while any(load.unseen(rows)) and time.monotonic() < deadline:
        time.sleep(0.1)


def _wait_until_ready(world: World, outcome: Outcome) -> None:
    try:
        world.wait_ready()
    except TimeoutError as error:
        outcome.problems.append(str(error))


def _judge(case: Case, outcome: Outcome, longest_answer_seconds: float) -> None:
    longest_settling = max(injury.settles_seconds for injury in case.injuries)
    if outcome.settled_seconds > longest_settling:
        outcome.problems.append(f"settled later than {longest_settling:.0f} s after the repair")
    if outcome.crashes:
        outcome.problems.append(f"follows were answered {outcome.crashes}, not 503")
    if all(injury.answers_stay for injury in case.injuries):
        if outcome.refused:
            outcome.problems.append(f"{outcome.refused} follows were not answered 201")
        if outcome.slowest_seconds > longest_answer_seconds:
            outcome.problems.append(f"a follow took {outcome.slowest_seconds:.2f} s")
