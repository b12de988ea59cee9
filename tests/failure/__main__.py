"""Inject faults into whole systems and reconcile: `python -m tests.failure [--shape redis+sqlite] [--case WORDS]`."""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.failure import rare
from tests.failure.cases import cases_of
from tests.failure.cluster import DATABASES, QUEUES, Cluster, Shape
from tests.failure.engine import Case, run
from tests.failure.reconcile import Outcome
from tests.failure.report import Progress, duration, summary


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    options = _options()
    plan = [(shape, _chosen(shape, options)) for shape in map(Shape.named, options.shape)]
    total = sum(len(cases) for _, cases in plan)
    if options.list:
        print("\n".join(f"{shape.name} {case.name}" for shape, cases in plan for case in cases))
    elif total == 0:
        sys.exit(f"no case has a name that contains {' or '.join(options.case)}; --list names them all")
    else:
        sys.exit(_run(plan, Progress(total), options))


class _Stop:
    """Ends the run by SystemExit, so that every clean-up runs.

    Python drops an exception that is raised in a finalizer or just after a fork, so `check` raises it again.
    """

    def __init__(self) -> None:
        self._code = 0

    def __call__(self, number: int, _frame: object) -> None:
        self._code = 128 + number
        self.check()

    def check(self) -> None:
        if self._code:
            sys.exit(self._code)


_stop = _Stop()


def _options() -> argparse.Namespace:
    shapes = [f"{queue}+{database}" for queue in QUEUES for database in DATABASES]
    parser = argparse.ArgumentParser(prog="python -m tests.failure", description=__doc__)
    parser.add_argument("--shape", nargs="+", choices=shapes, default=shapes, metavar="SHAPE", help=", ".join(shapes))
    parser.add_argument("--case", nargs="+", default=[""], metavar="WORDS", help="only cases whose name contains one")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the random faults")
    parser.add_argument("--json", type=Path, help="write the figures to a file")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    parser.add_argument("--list", action="store_true", help="only list the cases")
    return parser.parse_args()


def _chosen(shape: Shape, options: argparse.Namespace) -> list[Case]:
    return [case for case in cases_of(shape, options.seed) if any(words in case.name for words in options.case)]


def _run(plan: Sequence[tuple[Shape, list[Case]]], progress: Progress, options: argparse.Namespace) -> int:
    """Run all cases, or until the run is stopped, and print the results; return 1 when a case broke a promise."""
    outcomes: list[Outcome] = []
    try:
        for shape, cases in plan:
            if cases:
                _run_shape(shape, cases, progress, outcomes, options)
    finally:
        print(summary(outcomes, seed=options.seed))
        print(rare.summary(outcomes))
        print(f"{len(outcomes)} of {progress.total} cases in {duration(progress.seconds)}, seed {options.seed}")
        if options.json:
            options.json.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    return int(any(outcome.problems for outcome in outcomes))


def _run_shape(
    shape: Shape, cases: list[Case], progress: Progress, outcomes: list[Outcome], options: argparse.Namespace
) -> None:
    """Run cases on one cluster; add their outcomes."""
    folder = Path(tempfile.mkdtemp(prefix="toutiao-chaos-"))
    folder.chmod(0o755)
    print(f"{shape.name}: {len(cases)} cases, logs in {folder}", flush=True)
    is_worth_keeping = options.keep
    with Cluster(folder, queue=shape.queue, database=shape.database) as cluster:
        for case in cases:
            _stop.check()
            outcomes.append(outcome := _run_case(cluster, case))
            print(f"[{progress.step()}] {outcome}", flush=True)
            if outcome.problems:
                is_worth_keeping = True
                cluster.reset()
    _stop.check()
    if not is_worth_keeping:
        shutil.rmtree(folder, ignore_errors=True)


def _run_case(cluster: Cluster, case: Case) -> Outcome:
    try:
        return run(cluster, case)
    except Exception as error:  # the other cases still run
        traceback.print_exc()
        return Outcome(cluster.name, case.name, "", problems=[f"did not finish: {error!r:.200}"])


if __name__ == "__main__":
    main()
