"""A goal is met when all that it asks for holds, and not known when nothing was measured beside it."""

import pytest

from bench.goals import Figure
from bench.results import Results


@pytest.mark.parametrize(
    ("ours", "node", "is_met"),
    [(7.0, 20.0, True), (9.0, 20.0, False), (7.0, 10.0, False)],
)
def test_both_the_ratio_and_the_limit_have_to_hold(ours: float, node: float, is_met: bool) -> None:
    results = Results()
    results.add("rss_kb", "ours", ours)
    results.add("rss_kb", "node", node)

    assert Figure("rss_kb", "memory", "KB", ratio_goal=0.5, limit=8).is_met(results) is is_met


def test_without_the_peer_a_ratio_is_not_known() -> None:
    results = Results()
    results.add("push_us", "ours", 20)

    assert Figure("push_us", "push", "us", ratio_goal=0.5).is_met(results) is None


def test_the_median_stands_for_the_rounds() -> None:
    results = Results()
    for value in (10, 900, 12):
        results.add("push_us", "ours", value)

    assert results.median("push_us", "ours") == 12
