"""States that are rare by chance. A run that reaches none of them proves little, so each run counts them.

Each is a symptom: a number that is larger after a case than before.
"""

from collections.abc import Mapping, Sequence

from tests.failure.load import Load
from tests.failure.reconcile import Outcome
from tests.failure.symptoms import Symptom, closed_sockets, log_says


def _abandoned_claims(load: Load) -> float:
    points = ("after claim", "after append", "after emit")
    return sum(log_says("worker", f"dying at {point!r}")(load) for point in points)


def _refused_connections(load: Load) -> float:
    return sum(client.refused_connections for client in load.clients)


RARE: Mapping[str, Symptom] = {
    "a claim taken over from a worker that died": _abandoned_claims,
    "a push that was not yet marked as dispatched": log_says("worker", "dying at 'after emit'"),
    "a commit later than one with a higher id": lambda load: sum(client.memory.late for client in load.clients),
    "a slow client that was disconnected": closed_sockets,
    "a connection refused by a server that drains or is down": _refused_connections,
    "a reconnect across epochs": lambda load: sum(client.memory.epochs for client in load.clients),
}


def count(load: Load) -> dict[str, float]:
    return {state: symptom(load) for state, symptom in RARE.items()}


def reached(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    return [state for state in RARE if after[state] > before[state]]


def summary(outcomes: Sequence[Outcome]) -> str:
    """Say for each rare state in how many cases it was reached, and which never was."""
    cases = {state: sum(state in outcome.reached for outcome in outcomes) for state in RARE}
    return "\n".join(f"rare state: {state}: " + (f"{n} cases" if n else "NEVER REACHED") for state, n in cases.items())
