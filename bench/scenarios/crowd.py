"""Many clients connect, are idle and disconnect at once: CPU of each step, and memory of an idle socket."""

import time
from collections.abc import Sequence

from bench.bench import Bench
from bench.load import Load
from bench.meter import Meter, wait_quiet
from bench.servers import Server

PING_SECONDS = 25  # all three servers' default
_WARM_UP = 200
_LEAVE_SECONDS = 60
_POOLED = 80  # connections to Redis that a server may have kept
# In the original design, each client that disconnects costs a search of every room: 8,000 clients take minutes.
_STOCK_LEAVES = 2000


def run(bench: Bench, *, sizes: Sequence[int], idle_at: int, idle_seconds: float) -> None:
    for size in sizes:
        for peer in bench.peers:
            rest_seconds = idle_seconds if size == idle_at else 0
            if peer == "stock" and size > _STOCK_LEAVES and not rest_seconds:
                continue
            with bench.serve(peer) as server:
                _run_one(bench, server, size, rest_seconds)


def _run_one(bench: Bench, server: Server, size: int, idle_seconds: float) -> None:
    process, add = server.process, bench.results.add
    rss, uss = process.rss_bytes(), process.uss_bytes()
    _warm_up(server)
    files = process.open_files()
    with Load(server.port) as load:
        meter = Meter(process)
        load.connect(range(1, size + 1))
        add("connect_us", server.peer, meter.cpu_us(per=size), at=size)
        wait_quiet(load, process, seconds=_LEAVE_SECONDS)
        if idle_seconds:
            meter = Meter(process)
            load.rest(idle_seconds)
            add("idle_us", server.peer, meter.cpu_us(per=size) / idle_seconds, at=size)
            add("rss_kb", server.peer, (process.rss_bytes() - rss) / size / 1024, at=size)
            add("uss_kb", server.peer, (process.uss_bytes() - uss) / size / 1024, at=size)
        if server.peer == "stock" and size > _STOCK_LEAVES:
            bench.results.note(f"stock: leaving is measured up to {_STOCK_LEAVES:,} clients; {size:,} take it minutes.")
            return
        _leave(bench, server, load, size, files)


def _leave(bench: Bench, server: Server, load: Load, size: int, files: int) -> None:
    meter, started_at = Meter(server.process), time.monotonic()
    load.leave()
    quiet_at = wait_quiet(
        load,
        server.process,
        seconds=_LEAVE_SECONDS,
        until=lambda: server.process.open_files() <= files + _POOLED,
    )
    bench.results.add("leave_us", server.peer, meter.cpu_us(per=size), at=size)
    bench.results.add("leave_seconds", server.peer, quiet_at - started_at, at=size)


def _warm_up(server: Server) -> None:
    """Let the server load what it loads with its first clients."""
    files = server.process.open_files()
    with Load(server.port) as load:
        load.connect(range(1, _WARM_UP + 1))
        load.leave()
        wait_quiet(load, server.process, seconds=60, until=lambda: server.process.open_files() <= files + _POOLED)
