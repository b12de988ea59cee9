"""Sends generated inputs to the servers until a time or a count, and finds the input that a failure comes from."""

import os
import random
import time
from collections.abc import Mapping
from typing import Any

from tests.fuzz.failures import Failure
from tests.fuzz.live import LIVE, Live
from tests.fuzz.place import Place

_NICENESS = 10  # on few cores, the measuring clients come first


def send_until(
    name: str, place: Place, *, seed: int, until: float, most: float = float("inf"), kinds: Mapping[str, Live] = LIVE
) -> tuple[int, Failure | None]:
    """Send until `until` on time.monotonic's clock, or `most` inputs; return how many, and the first failure."""
    live, rng, count = kinds[name], random.Random(seed), 0
    while time.monotonic() < until and count < most:
        batch = [live.make(rng) for _ in range(live.batch)]
        if reason := find_fault(live, place, batch):
            return count, _narrowed(name, live, place, batch, reason)
        count += len(batch)
    return count, None


def find_fault(live: Live, place: Place, inputs: list[bytes]) -> str | None:
    """Send the inputs; return what went wrong. An answer that comes too late has to be late twice."""
    before = place.count_tracebacks()
    reason = _send(live, place, inputs)
    if reason and reason.startswith("TimeoutError"):
        reason = _send(live, place, inputs)
    if place.count_tracebacks() > before:
        return "a server wrote a traceback"
    if reason and not place.is_alive():
        return "a server does not answer any more"
    return reason


def _send(live: Live, place: Place, inputs: list[bytes]) -> str | None:
    try:
        live.send(place, inputs)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:300]}"
    return None


def _narrowed(name: str, live: Live, place: Place, batch: list[bytes], reason: str) -> Failure:
    """Return the failure with the one input that is enough for it, or with the whole batch."""
    for data in batch:
        if found := find_fault(live, place, [data]):
            return Failure.of(name, found, [data])
    return Failure.of(name, reason, batch)


def run_sender(results: Any, name: str, place: Place, seed: int, seconds: float) -> None:
    """Send in a process of its own, and put the result into a queue of multiprocessing."""
    os.nice(_NICENESS)
    results.put(send_until(name, place, seed=seed, until=time.monotonic() + seconds))
