"""The states that are rare by chance. A run that passed through none of them proves little, so each run counts them.

Each is a sign: a number that is more after a case than it was before.
"""

from collections.abc import Mapping, Sequence

from tests.failure.load import Load
from tests.failure.reconcile import Outcome
from tests.failure.signs import Sign, log_says, sent_away


def _claims_left(load: Load) -> float:
    points = ("after claim", "after append", "after emit")
    return sum(log_says("worker", f"dying at {point!r}")(load) for point in points)


RARE: Mapping[str, Sign] = {
    "a claim taken over from a worker that died": _claims_left,
    "a push before its mark": log_says("worker", "dying at 'after emit'"),
    "a commit later than one with a higher id": lambda load: sum(device.memory.late for device in load.devices),
    "a client closed as slow": sent_away,
    "a reconnect to a server that drains or is gone": lambda load: sum(device.turned_away for device in load.devices),
    "a reconnect across epochs": lambda load: sum(device.memory.epochs for device in load.devices),
}


def count(load: Load) -> dict[str, float]:
    return {state: sign(load) for state, sign in RARE.items()}


def reached(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    return [state for state in RARE if after[state] > before[state]]


def summary(outcomes: Sequence[Outcome]) -> str:
    """Say for each rare state in how many cases it was reached, and which never was."""
    cases = {state: sum(state in outcome.reached for outcome in outcomes) for state in RARE}
    return "\n".join(f"rare state: {state}: " + (f"{n} cases" if n else "NEVER REACHED") for state, n in cases.items())
