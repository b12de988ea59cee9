"""Run every attack on an IM server, and print how it affected other clients: `python -m tests.attacks`."""

import argparse
import importlib
import pkgutil
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tests.attacks
from tests.attacks.attackers import ATTACKS
from tests.attacks.bystanders import Felt, measure
from tests.im import Im
from tests.services import Valkey

_HEAD = (
    f"{'attack':<34}{'on':<7}{'p50 ms':>8}{'p99 ms':>8}{'longest ms':>12}{'sync ms':>9}{'missing':>9}{'memory MB':>11}"
)


def main() -> None:
    options = _options()
    for module in pkgutil.iter_modules(tests.attacks.__path__):
        if module.name.startswith("test_"):
            importlib.import_module(f"tests.attacks.{module.name}")
    print(_HEAD)
    with _services() as (folder, redis_url):
        for act in ATTACKS:
            name = act.__name__.replace("_", " ")
            if not any(words in name for words in options.only):
                continue
            for transport in options.transport:
                with Im(folder, redis_url, transport=transport) as im:
                    measured = measure(im, act, seconds=options.seconds)
                print(_row(name, transport, measured.attacked), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORDS", help="attacks whose name holds one")
    parser.add_argument("--transport", nargs="+", default=["fast", "stock"], choices=["fast", "stock"])
    parser.add_argument("--seconds", type=float, default=5, help="how long each lasts")
    return parser.parse_args()


@contextmanager
def _services() -> Iterator[tuple[Path, str]]:
    folder = Path(tempfile.mkdtemp(prefix="toutiao-attacks-"))
    valkey = Valkey(folder / "valkey").start()
    try:
        yield folder, valkey.url
    finally:
        valkey.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _row(name: str, transport: str, felt: Felt) -> str:
    times = f"{1e3 * felt.p50:>8.1f}{1e3 * felt.p99:>8.1f}{1e3 * felt.longest:>12.0f}{1e3 * felt.slowest_sync:>9.0f}"
    return f"{name:<34}{transport:<7}{times}{felt.missing:>9}{felt.memory / 1e6:>11.0f}"


if __name__ == "__main__":  # each attacker imports this file
    main()
