"""Injure whole systems and reconcile: `python -m tests.failure [--world redis+sqlite] [--case WORDS]`."""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import asdict
from pathlib import Path

from tests.failure.cases import cases_of
from tests.failure.engine import Case, run
from tests.failure.reconcile import Outcome
from tests.failure.world import DATABASES, QUEUES, World


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and so through every clean-up
    options = _options()
    outcomes: list[Outcome] = []
    started_at = time.monotonic()
    for name in options.world:
        queue, _, database = name.partition("+")
        outcomes += _run_world(queue, database, options)
    if not outcomes and not options.list:
        sys.exit(f"no case has a name that holds {' or '.join(options.case)}; --list names them all")
    failed = [outcome for outcome in outcomes if outcome.problems]
    print(f"{len(outcomes)} cases, {len(failed)} failed, in {(time.monotonic() - started_at) / 60:.1f} min")
    if options.json:
        options.json.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    sys.exit(1 if failed else 0)


def _options() -> argparse.Namespace:
    worlds = [f"{queue}+{database}" for queue in QUEUES for database in DATABASES]
    parser = argparse.ArgumentParser(prog="python -m tests.failure", description=__doc__)
    parser.add_argument("--world", nargs="+", choices=worlds, default=worlds, metavar="WORLD", help=", ".join(worlds))
    parser.add_argument("--case", nargs="+", default=[""], metavar="WORDS", help="only cases whose name holds one")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the cases at random")
    parser.add_argument("--json", type=Path, help="write the figures to a file")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    parser.add_argument("--list", action="store_true", help="only list the cases")
    return parser.parse_args()


def _run_world(queue: str, database: str, options: argparse.Namespace) -> list[Outcome]:
    folder = Path(tempfile.mkdtemp(prefix="toutiao-chaos-"))
    folder.chmod(0o755)
    world = World(folder, queue=queue, database=database)
    cases = [case for case in cases_of(world, options.seed) if any(words in case.name for words in options.case)]
    if options.list:
        print("\n".join(f"{world.name} {case.name}" for case in cases))
    if options.list or not cases:
        return []
    print(f"{world.name}: {len(cases)} cases, seed {options.seed}, logs in {folder}", flush=True)
    outcomes = []
    with world:
        for case in cases:
            outcomes.append(_run_case(world, case))
            print(outcomes[-1], flush=True)
            if outcomes[-1].problems:
                world.revive()
    if not options.keep and not any(outcome.problems for outcome in outcomes):
        shutil.rmtree(folder, ignore_errors=True)
    return outcomes


def _run_case(world: World, case: Case) -> Outcome:
    try:
        return run(world, case)
    except Exception as error:  # the others are run all the same
        traceback.print_exc()
        return Outcome(world.name, case.name, "", problems=[f"did not come to its end: {error!r:.200}"])


main()
