"""Fuzzes functions, each in a process of its own: `python -m tests.fuzz.coverage SECONDS FOLDER SEED NAME...`.

atheris guides the inputs by what they reach in our code. It exists only for Linux on x86-64. Elsewhere, the seeds are
changed at random. Each name gets a folder of its own: `output` there ends with the count, and an input that failed is
beside it.
"""

import hashlib
import logging
import os
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.functions import Function

try:
    import atheris
except ImportError:
    atheris = None

COUNT = "stat::number_of_executed_units:"  # as libFuzzer writes it
_OURS = [
    "core",
    "app.names",
    "im.transport",
    "im.delivery",
    "im.subscription",
    "engineio.packet",
    "socketio.packet",
    "jwt",
]


def folder_of(folder: Path, name: str) -> Path:
    return folder / name.replace(" ", "-")


def main() -> None:
    seconds, folder, seed, names = float(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    logging.disable(logging.CRITICAL)  # what is repaired is logged, each time
    if atheris is None:
        from tests.fuzz.functions import FUNCTIONS
    else:
        with atheris.instrument_imports(include=_OURS, enable_loader_override=False):
            from tests.fuzz.functions import FUNCTIONS
    for name in names:
        own = folder_of(folder, name)
        own.mkdir()
        # A fork, because atheris ends its process, and because an import takes longer than it finds things.
        if pid := os.fork():
            os.waitpid(pid, 0)
        else:
            _redirect_output(own / "output")
            _fuzz(FUNCTIONS[name], seconds, own, seed)


def _redirect_output(path: Path) -> None:
    output = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)


def _fuzz(function: "Function", seconds: float, folder: Path, seed: int) -> None:
    """Fuzz, and end this process."""
    if atheris is None:
        _change_at_random(function, seconds, folder, seed)
        os._exit(0)
    corpus = folder / "corpus"
    corpus.mkdir()
    for data in function.seeds:
        (corpus / hashlib.sha256(data).hexdigest()).write_bytes(data)
    options = [f"-max_total_time={seconds:.0f}", f"-artifact_prefix={folder}/", f"-seed={seed}", "-print_final_stats=1"]
    options += ["-max_len=4096", "-timeout=20", "-rss_limit_mb=4096"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], function.check)
    atheris.Fuzz()


def _change_at_random(function: "Function", seconds: float, folder: Path, seed: int) -> None:
    from tests.fuzz.mutations import mutated

    rng, count, until = random.Random(seed), 0, time.monotonic() + seconds
    while time.monotonic() < until:
        data = mutated(rng, function.seeds)
        try:
            function.check(data)
        except BaseException:
            (folder / "crash-input").write_bytes(data)
            raise
        count += 1
    print(f"{COUNT} {count}", flush=True)


if __name__ == "__main__":
    main()
