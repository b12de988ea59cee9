"""A goal is met when all of its limits hold, and unknown when the peer was not measured."""

import pytest

from bench.goals import Figure
from bench.results import Results


@pytest.mark.parametrize(
    ("ours", "node", "is_met"),
    [(7.0, 20.0, True), (9.0, 20.0, False), (7.0, 10.0, False)],
)
def test_goal_requires_both_the_ratio_and_the_limit(ours: float, node: float, is_met: bool) -> None:
    results = Results()
    results.add("rss_kb", "ours", ours)
    results.add("rss_kb", "node", node)

    assert Figure("rss_kb", "memory", "KB", ratio_goal=0.5, limit=8).is_met(results) is is_met


def test_ratio_is_unknown_without_the_peer() -> None:
    results = Results()
    results.add("push_us", "ours", 20)

    assert Figure("push_us", "push", "us", ratio_goal=0.5).is_met(results) is None


def test_median_represents_the_rounds() -> None:
    results = Results()
    for value in (10, 900, 12):
        results.add("push_us", "ours", value)

    assert results.median("push_us", "ours") == 12
