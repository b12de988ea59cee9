"""Nothing committed is lost, whatever fails. These are some of the cases; `make chaos` runs them all."""

import pytest

from tests.failure.cases import cases_of
from tests.failure.cluster import Cluster
from tests.failure.engine import run

_SLACK = 5  # what takes five times as long as it should is a hang, also on a busy machine


@pytest.mark.parametrize(
    "case",
    [
        "crash after append",
        "crash after append of groups",
        "pause valkey",
        "flush valkey",
        "older valkey",
        "valkey cannot write to disk",
        "dead letter",
        "slow client",
    ],
)
def test_no_notification_is_lost_on_valkey_and_sqlite(small_cluster: Cluster, case: str) -> None:
    _check(small_cluster, case)


@pytest.mark.parametrize(
    "case",
    [
        "kill worker",
        "crash after emit",
        "crash after emit of groups",
        "late commit",
        "stop rabbitmq",
        "cut subscriptions",
        "rolling restart",
    ],
)
def test_no_notification_is_lost_on_rabbitmq_and_postgresql(large_cluster: Cluster, case: str) -> None:
    _check(large_cluster, case)


def _check(cluster: Cluster, name: str) -> None:
    [case] = [case for case in cases_of(cluster) if case.name == name]
    outcome = run(cluster, case, slack=_SLACK)
    assert outcome.committed > 20, outcome
    assert not outcome.problems, outcome
