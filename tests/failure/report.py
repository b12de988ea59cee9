"""What a run prints: its progress, and its results."""

import shlex
import time
from collections.abc import Callable, Sequence

from tests.failure.reconcile import Outcome

_COLUMNS = (
    "shape",
    "cases",
    "failed",
    "answered 201",
    "missing",
    "foreign",
    "doubled",
    "repeats",
    "slowest",
    "settled",
)


class Progress:
    """Counts cases. The time left assumes that a case takes as long as the average so far."""

    def __init__(self, total: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self._done = 0
        self._clock = clock
        self._began_at = clock()

    def step(self) -> str:
        """Count one case; say how many are done, the time elapsed, and the time left."""
        self._done += 1
        left = self.seconds / self._done * (self.total - self._done)
        return f"{self._done}/{self.total}, {duration(self.seconds)} gone, {duration(left)} left"

    @property
    def seconds(self) -> float:
        return self._clock() - self._began_at


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def summary(outcomes: Sequence[Outcome], *, seed: int) -> str:
    """Return a table with a row for each shape and one for all, and how to run again each case that failed."""
    shapes = list(dict.fromkeys(outcome.shape for outcome in outcomes))
    rows = [_row(shape, [outcome for outcome in outcomes if outcome.shape == shape]) for shape in shapes]
    rows = [_COLUMNS, *rows, _row("all", outcomes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([*lines, *(_again(outcome, seed) for outcome in outcomes if outcome.problems)])


def _row(shape: str, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    def total(name: str) -> str:
        return f"{sum(getattr(outcome, name) for outcome in outcomes):,}"

    def longest(name: str) -> str:
        return f"{max((getattr(outcome, name) for outcome in outcomes), default=0.0):.2f} s"

    failed = sum(bool(outcome.problems) for outcome in outcomes)
    counts = [total(name) for name in ("committed", "missing", "foreign", "doubled", "repeats")]
    return (shape, str(len(outcomes)), str(failed), *counts, longest("slowest_seconds"), longest("settled_seconds"))


def _again(outcome: Outcome, seed: int) -> str:
    arguments = f'--shape {outcome.shape} --case "{outcome.case}" --seed {seed}'
    problems = "".join(f"\n    {problem}" for problem in outcome.problems)
    return f"FAILED {outcome.shape} {outcome.case}; again: make chaos CHAOS_ARGS={shlex.quote(arguments)}{problems}"
