"""Nothing committed is lost, whatever dies: a selection; `make chaos` runs all."""

import pytest

from tests.failure.cases import cases_of
from tests.failure.engine import run
from tests.failure.world import World

# A hang shows itself in many seconds; what a busy machine adds should fail no test. `make chaos` is strict.
_LONGEST_ANSWER_SECONDS = 5.0


@pytest.mark.parametrize(
    "case",
    [
        "crash after append",
        "pause valkey",
        "flush valkey",
        "older valkey",
        "valkey without a disk",
        "poison",
        "stall a device",
    ],
)
def test_nothing_is_lost_on_one_valkey_and_sqlite(small_world: World, case: str) -> None:
    _check(small_world, case)


@pytest.mark.parametrize(
    "case", ["kill worker", "crash after emit", "late commit", "stop rabbitmq", "cut listeners", "rolling restart"]
)
def test_nothing_is_lost_on_rabbitmq_and_postgresql(big_world: World, case: str) -> None:
    _check(big_world, case)


def _check(world: World, name: str) -> None:
    [case] = [case for case in cases_of(world) if case.name == name]
    outcome = run(world, case, longest_answer_seconds=_LONGEST_ANSWER_SECONDS)
    assert outcome.committed > 20, outcome
    assert not outcome.problems, outcome
