"""Send generated inputs to functions and to running servers, within a time: `python -m tests.fuzz`.

FUZZ_SECONDS is the time for all, 600 by default. The exit code is 1 if anything failed.
"""

import argparse
import itertools
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz import coverage
from tests.fuzz.api_calls import call_often, create_callers, is_for, load_operations, running_app
from tests.fuzz.failures import Failure
from tests.fuzz.functions import FUNCTIONS
from tests.fuzz.live import LIVE
from tests.fuzz.place import running_place
from tests.fuzz.sender import find_fault, send_until
from tests.fuzz.watch import MemoryLog, Result, fuzz_beside_others, is_flat
from tests.services import Valkey

API_CALLS = "API calls"
_PARTS = {"functions": 0.3, "calls": 0.08, "live": 0.42}  # of the time; the rest is for starts, warming up and waiting
_WARM_SECONDS = 2  # for each kind of input, before the memory counts
_QUIET_SECONDS = 6  # until the sessions that never connected are closed
_AT_ONCE = 2  # functions
_COUNT = re.compile(rf"{coverage.COUNT}\s*(\d+)")
_HEAD = f"{'target':<24}{'inputs':>10}{'calm p99':>12}{'fuzzed p99':>12}{'missing':>9}"


def main() -> None:
    options = _options()
    if options.replay:
        sys.exit(_replay(options.replay))
    seconds, seed = float(os.environ.get("FUZZ_SECONDS", "600")), options.seed
    guide = (
        "atheris guides the functions' inputs" if coverage.atheris else "atheris is missing: no guidance by coverage"
    )
    print(f"seed {seed}, {seconds:.0f} s, {guide}\n{_HEAD}", flush=True)
    results = []
    for result in _run([name for name in (*FUNCTIONS, API_CALLS, *LIVE) if options.only in name], seconds, seed):
        results.append(result)
        print(_row(result), flush=True)
    live = sum(result.count for result in results if result.name in LIVE)
    print(f"{sum(result.count for result in results):,} inputs in all, {live:,} of them to running servers")
    failures = [result.failure for result in results if result.failure]
    for failure in failures:
        print(failure.show(failure.keep()))
    sys.exit(bool(failures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORDS", help="targets whose name holds the words")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="of the random changes")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="send the inputs of a failure again")
    return parser.parse_args()


def _run(names: list[str], seconds: float, seed: int) -> Iterator[Result]:
    functions, live = ([name for name in names if name in kind] for kind in (FUNCTIONS, LIVE))
    with tempfile.TemporaryDirectory(prefix="toutiao-fuzz-") as folder:
        yield from _fuzz_functions(Path(folder), functions, seconds * _PARTS["functions"], seed)
        if API_CALLS in names:
            yield _fuzz_calls(Path(folder), seconds * _PARTS["calls"])
        if live:
            yield from _fuzz_servers(Path(folder), live, seconds * _PARTS["live"], seed)


def _fuzz_functions(folder: Path, names: list[str], seconds: float, seed: int) -> Iterator[Result]:
    each = str(max(1, round(seconds * _AT_ONCE / max(1, len(names)))))
    command = [sys.executable, "-W", "ignore", "-m", "tests.fuzz.coverage", each, str(folder), str(seed)]
    shares = [share for share in (names[start::_AT_ONCE] for start in range(_AT_ONCE)) if share]
    running = [subprocess.Popen([*command, *share], stderr=subprocess.DEVNULL) for share in shares]
    for process in running:
        process.wait()
    for name in names:
        yield _result_of_function(name, coverage.folder_of(folder, name))


def _result_of_function(name: str, folder: Path) -> Result:
    """A count is only written at the end, so a target without one has failed."""
    output = (folder / "output").read_text(errors="replace") if folder.exists() else "it did not start"
    count = sum(map(int, _COUNT.findall(output)))
    inputs = [path.read_bytes() for path in folder.glob("*-*") if path.is_file()]
    if count and not inputs:
        return Result(name, count)
    return Result(name, count, Failure.of(name, output[:3000], inputs))


def _fuzz_calls(folder: Path, seconds: float) -> Result:
    valkey, count, until = Valkey(folder / "valkey-calls").start(), 0, time.monotonic() + seconds
    try:
        with running_app(folder, valkey.url) as app:
            for operation in itertools.cycle(load_operations(app)):
                if time.monotonic() > until:
                    break
                callers = [caller for caller in create_callers(app).values() if is_for(operation, caller)]
                count += len(call_often(operation, callers, examples=10, until=until))
    except Exception as error:
        return Result(API_CALLS, count, Failure.of(API_CALLS, str(error), []))
    finally:
        valkey.stop()
    return Result(API_CALLS, count)


def _fuzz_servers(folder: Path, names: list[str], seconds: float, seed: int) -> Iterator[Result]:
    with running_place(folder) as (place, im):
        for name in names:
            send_until(name, place, seed=seed + 1, until=time.monotonic() + _WARM_SECONDS)
        time.sleep(_QUIET_SECONDS)
        memory, warm_at = MemoryLog(place), time.monotonic()
        memory.start()
        each = seconds / sum(LIVE[name].share for name in names)
        for name in names:
            yield fuzz_beside_others(name, place, seed=seed, seconds=each * LIVE[name].share)
        time.sleep(_QUIET_SECONDS)
        memory.stop()
        before, after, slope = memory.find_growth(warm_at)
        sizes = f"{before / 1e6:.1f} MB before, {after / 1e6:.1f} MB after, {slope / 1e6:+.2f} MB/min"
        shown = f"memory of the IM server: {sizes}"
        print(shown, flush=True)
        is_sound = is_flat(before, after) and place.is_alive() and im.is_well()
        reason = f"{shown}; {place.count_tracebacks()} tracebacks in the logs"
        yield Result("servers afterwards", 0, None if is_sound else Failure.of("servers afterwards", reason, []))


def _row(result: Result) -> str:
    row = f"{result.name:<24}{result.count:>10,}"
    if result.calm and result.fuzzed:
        row += f"{result.calm.p99 * 1000:>9.1f} ms{result.fuzzed.p99 * 1000:>9.1f} ms{result.fuzzed.missing:>9}"
    return row + ("  FAILED" if result.failure else "")


def _replay(path: Path) -> int:
    """Send the inputs of a failure again; return 1 if they fail again."""
    failure = Failure.read(path)
    if failure.name in FUNCTIONS:
        for data in failure.data:
            FUNCTIONS[failure.name].check(data)  # it raises what failed
        return 0
    with tempfile.TemporaryDirectory(prefix="toutiao-fuzz-") as folder, running_place(Path(folder)) as (place, _):
        reason = find_fault(LIVE[failure.name], place, failure.data)
        print(reason or "it does not fail any more", *(log.read_text()[-3000:] for log in place.logs if reason))
        return int(reason is not None)
