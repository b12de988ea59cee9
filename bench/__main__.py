"""Measure this server beside its peers: `make bench`, or `python -m bench`."""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path

from bench import machine, report, servers, services
from bench.bench import Bench
from bench.load import most_clients
from bench.plan import FULL, QUICK, SCENARIOS
from bench.results import Results
from bench.services import NotInstalled
from bench.websocket import Refused

_FOLDER = Path(__file__).resolve().parent / "results"
_MOST = 20_000


def main() -> int:
    """Return the exit code: 1 when a push of this project did not arrive, or a server did not work at all."""
    arguments = _parse()
    if arguments.write_docs:
        from bench import docs  # it needs matplotlib, which nothing else needs

        docs.write(_newest())
        return 0
    most_clients(_MOST)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that every clean-up runs
    with tempfile.TemporaryDirectory(prefix="bench-") as name, services.valkey(Path(name)) as url:
        bench = Bench(_installed(arguments.peers), url, Path(name))
        try:
            _measure(bench, arguments)
        finally:  # keep the results of a long run, even after an error
            _show(bench, is_full=not arguments.quick)
    return 1 if bench.failures else 0


def _measure(bench: Bench, arguments: argparse.Namespace) -> None:
    for scenario in arguments.only:
        started_at = time.monotonic()
        print(f"{scenario} ...", end=" ", flush=True)
        try:
            SCENARIOS[scenario](bench, QUICK if arguments.quick else FULL)
        except (Refused, RuntimeError) as error:
            bench.failures.append(f"{scenario}: {error}")
        bench.done.append(scenario)
        print(f"{time.monotonic() - started_at:.0f} s", flush=True)


def _show(bench: Bench, *, is_full: bool) -> None:
    is_full = is_full and bench.peers == servers.PEERS and bench.done == list(SCENARIOS)
    print(f"\n{report.render(bench.results)}")
    print(f"Kept in {_keep(bench.results, 'full' if is_full else 'part')}")
    for failure in bench.failures:
        print(f"bench: {failure}", file=sys.stderr)


def _installed(peers: list[str]) -> tuple[str, ...]:
    if "node" in peers:
        try:
            servers.install_node()
        except NotInstalled as error:
            print(f"bench: {error}: measuring without it", file=sys.stderr)
            return tuple(peer for peer in peers if peer != "node")
    return tuple(peers)


def _keep(results: Results, kind: str) -> Path:
    _FOLDER.mkdir(exist_ok=True)
    path = _FOLDER / f"{kind}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}.json"
    path.write_text(json.dumps({"machine": machine.describe(), **results.to_json()}, indent=1))
    return path


def _newest() -> Path:
    kept = sorted(_FOLDER.glob("full-*.json"))
    if not kept:
        sys.exit("There are no results of a full run yet: say make bench first")
    return kept[-1]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about two minutes: fewer clients, one round")
    parser.add_argument("--only", type=_list(SCENARIOS), default=list(SCENARIOS), help=", ".join(SCENARIOS))
    parser.add_argument(
        "--peers", type=_list(servers.PEERS), default=list(servers.PEERS), help=", ".join(servers.PEERS)
    )
    parser.add_argument(
        "--write-docs",
        action="store_true",
        help="measure nothing: put the newest results of a full run into docs/performance.md",
    )
    return parser.parse_args()


def _list(allowed: Collection[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        if unknown := set(names) - set(allowed):
            raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}")
        return names

    return parse


if __name__ == "__main__":
    sys.exit(main())
