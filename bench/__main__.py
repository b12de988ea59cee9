"""Measure this server beside its peers: `make bench`, or `python -m bench`."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path

from bench import machine, report, servers, services
from bench.bench import Bench
from bench.load import Lost, most_clients
from bench.plan import FULL, QUICK, SCENARIOS
from bench.results import Results
from bench.services import NotInstalled
from bench.websocket import Refused

_FOLDER = Path(__file__).resolve().parent / "results"
_MOST = 20_000


def main() -> int:
    """Return the exit code: 1 when a push did not arrive."""
    arguments = _parse()
    if arguments.write_docs:
        from bench import docs  # it draws with matplotlib, which nothing else needs

        docs.write(_newest())
        return 0
    most_clients(_MOST)
    try:
        results = _measure(arguments)
    except (Lost, Refused, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print()
    print(report.render(results))
    print(f"Kept in {_keep(results)}")
    return 0


def _measure(arguments: argparse.Namespace) -> Results:
    plan = QUICK if arguments.quick else FULL
    with tempfile.TemporaryDirectory(prefix="bench-") as name, services.valkey(Path(name)) as url:
        bench = Bench(_installed(arguments.peers), url, Path(name))
        for scenario in arguments.only:
            begun = time.monotonic()
            print(f"{scenario} ...", end=" ", flush=True)
            SCENARIOS[scenario](bench, plan)
            print(f"{time.monotonic() - begun:.0f} s")
        return bench.results


def _installed(peers: list[str]) -> list[str]:
    if "node" in peers:
        try:
            servers.install_node()
        except NotInstalled as error:
            print(f"bench: {error}: measuring without it", file=sys.stderr)
            return [peer for peer in peers if peer != "node"]
    return peers


def _keep(results: Results) -> Path:
    _FOLDER.mkdir(exist_ok=True)
    path = _FOLDER / time.strftime("%Y%m%dT%H%M%S.json", time.gmtime())
    path.write_text(json.dumps({"machine": machine.describe(), **results.to_json()}, indent=1))
    return path


def _newest() -> Path:
    kept = sorted(_FOLDER.glob("*.json"))
    if not kept:
        sys.exit("There are no results yet: run python -m bench first")
    return kept[-1]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about two minutes: fewer clients, one round")
    parser.add_argument("--only", type=_list(SCENARIOS), default=list(SCENARIOS), help=", ".join(SCENARIOS))
    parser.add_argument(
        "--peers", type=_list(servers.PEERS), default=list(servers.PEERS), help=", ".join(servers.PEERS)
    )
    parser.add_argument(
        "--write-docs", action="store_true", help="measure nothing: put the newest results into docs/performance.md"
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
