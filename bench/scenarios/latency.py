"""Pushes at a fixed rate: the time from the publisher to the client, and the CPU of a push."""

import time
from collections.abc import Sequence

from bench.bench import Bench
from bench.load import Load
from bench.meter import Meter
from bench.servers import Server

THROUGH = {"ours": "own", "stock": "stock", "node": "node"}
QUANTILES = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999}

_BUSY = 0.7
_SLOW = 0.9


def run(bench: Bench, *, clients: int, rates: Sequence[int], seconds: float) -> None:
    for peer in bench.peers:
        with bench.serve(peer) as server, Load(server.port) as load:
            load.connect(range(1, clients + 1))
            bench.wait_subscribed(server, load, through=THROUGH[peer])
            for rate in rates:
                _run_one(bench, server, load, rate, seconds)


def _run_one(bench: Bench, server: Server, load: Load, rate: int, seconds: float) -> None:
    count = load.size * max(1, round(rate * seconds / load.size))
    meter, started_at, used = Meter(server.process), time.monotonic(), time.process_time()
    bench.push(server, load, rooms=load.size, count=count, through=THROUGH[server.peer], rate=rate)
    busy = (time.process_time() - used) / (time.monotonic() - started_at)
    bench.results.add("rate_push_us", server.peer, meter.cpu_us(per=count), at=rate)
    add_quantiles(bench, server.peer, load.latencies, at=rate)
    if busy > _BUSY:
        bench.results.note(f"{server.peer} at {rate:,} a second: the load itself was busy for most of the time.")
    achieved = count / (load.last_t - load.first_t)
    if achieved < _SLOW * rate:
        bench.results.note(f"{server.peer} at {rate:,} a second: its publisher did not keep up.")


def add_quantiles(bench: Bench, peer: str, latencies: Sequence[float], *, at: int, prefix: str = "") -> None:
    ordered = sorted(latencies)
    for metric, quantile in QUANTILES.items():
        bench.results.add(prefix + metric, peer, 1000 * ordered[int(quantile * (len(ordered) - 1))], at=at)
