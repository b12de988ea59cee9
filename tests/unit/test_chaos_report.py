"""What `make chaos` prints: its progress, and its results."""

from tests.failure.reconcile import Outcome
from tests.failure.report import Progress, summary


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_progress_estimates_the_time_left_from_the_cases_done() -> None:
    clock = Clock()
    progress = Progress(4, clock=clock)

    said = []
    for seconds in (30, 90, 60, 20):
        clock.now += seconds
        said.append(progress.step())

    assert said == [
        "1/4, 30 s gone, 90 s left",
        "2/4, 2 min gone, 2 min left",
        "3/4, 3 min gone, 60 s left",
        "4/4, 3 min gone, 0 s left",
    ]


def outcome(shape: str, case: str, **figures: object) -> Outcome:
    return Outcome(shape, case, "", **figures)  # type: ignore[arg-type]


def test_summary_has_a_row_for_each_shape_and_one_for_all() -> None:
    text = summary(
        [
            outcome("a+b", "kill", committed=1000, repeats=1, slowest_seconds=0.25, settled_seconds=3.0),
            outcome("a+b", "pause", committed=500, repeats=2, slowest_seconds=0.5, settled_seconds=1.0),
            outcome("c+d", "kill", committed=7, missing=1, foreign=2, doubled=3, problems=["it is lost"]),
        ],
        seed=5,
    )

    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines == [
        "shape cases failed answered 201 missing foreign doubled repeats slowest settled",
        "a+b 2 0 1,500 0 0 0 3 0.50 s 3.00 s",
        "c+d 1 1 7 1 2 3 0 0.00 s 0.00 s",
        "all 3 1 1,507 1 2 3 3 0.50 s 3.00 s",
        """FAILED c+d kill; again: make chaos CHAOS_ARGS='--shape c+d --case "kill" --seed 5'""",
        "it is lost",
    ]


def test_summary_without_outcomes_has_a_total_row() -> None:
    assert summary([], seed=5).splitlines()[1].split()[:2] == ["all", "0"]
