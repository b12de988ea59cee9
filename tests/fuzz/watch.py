"""What the inputs do to the rest: the memory of the IM server, and how long other clients wait."""

import multiprocessing
import queue
import statistics
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.attacks.bystanders import Bystanders, Felt
from tests.fuzz.failures import Failure
from tests.fuzz.place import Place
from tests.fuzz.sender import run_sender

_CONTEXT = multiprocessing.get_context("spawn")
_CALM_SECONDS = 2
_MORE_SECONDS = 60  # for a sender to finish its last batch
_SAMPLE_SECONDS = 1
_MOST_GROWTH = 30_000_000  # bytes, from when all kinds of input were seen once until the end
_MOST_P99_SECONDS = 0.25  # or ten times that of the calm server


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    count: int
    failure: Failure | None = None
    calm: Felt | None = None
    fuzzed: Felt | None = None


def fuzz_beside_others(name: str, place: Place, *, seed: int, seconds: float) -> Result:
    """Send inputs from another process while ordinary clients get pushes and connect."""
    results: Any = _CONTEXT.Queue()
    with Bystanders(place.target, place.pids[0]) as bystanders:
        calm = bystanders.watch(seconds=_CALM_SECONDS)
        sender = _CONTEXT.Process(target=run_sender, args=(results, name, place, seed, seconds), daemon=True)
        sender.start()
        fuzzed = bystanders.watch(seconds=seconds)
    try:
        count, failure = results.get(timeout=_MORE_SECONDS)
    except queue.Empty:
        count, failure = 0, Failure.of(name, "the sender does not end", [])
    sender.kill()
    sender.join()
    return Result(name, count, failure or _find_harm(name, calm, fuzzed), calm, fuzzed)


def _find_harm(name: str, calm: Felt, fuzzed: Felt) -> Failure | None:
    if fuzzed.missing:
        return Failure.of(name, f"other clients miss {fuzzed.missing} pushes, or were disconnected", [])
    if fuzzed.p99 > max(_MOST_P99_SECONDS, 10 * calm.p99):
        return Failure.of(name, f"other clients wait {fuzzed.p99:.3f} s, and {calm.p99:.3f} s before (p99)", [])
    return None


@dataclass
class MemoryLog:
    """Samples the memory of the IM server until it is stopped."""

    place: Place
    samples: list[tuple[float, int]] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self._sample, daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def find_growth(self, warm_at: float) -> tuple[int, int, float]:
        """Return the memory at `warm_at` and at the end, in bytes, and the slope between them in bytes a minute."""
        later = [(at, size) for at, size in self.samples if at >= warm_at] or self.samples[-1:]
        slope = 0.0
        if len(later) > 2:
            slope = statistics.linear_regression(*zip(*later, strict=True)).slope * 60
        return later[0][1], later[-1][1], slope

    def _sample(self) -> None:
        while not self._stopped.wait(_SAMPLE_SECONDS):
            self.samples.append((time.monotonic(), self.place.memory()))


def is_flat(before: int, after: int) -> bool:
    return after - before < _MOST_GROWTH
