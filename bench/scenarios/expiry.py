"""Thousands of tokens end within one second: the sockets are refreshed, or closed, while others get pushes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.bench import Bench
from bench.load import Load, Lost
from bench.meter import Meter
from bench.scenarios.latency import THROUGH, add_quantiles
from bench.servers import Server
from core import tokens
from core.settings import ImSettings

_CALM = 500  # clients that stay, and get two pushes a second each
_RATE = 2 * _CALM
_CONNECT_SECONDS = 0.005  # for each client, on any machine
_WINDOW_SECONDS = 3  # in which one thing is measured
_WARN_SECONDS = 60  # before its end a client is told to refresh its token
_GRACE_SECONDS = ImSettings.model_fields["token_grace_seconds"].default


def run(bench: Bench, *, clients: int) -> None:
    """Measure this project's server: the others do not look at a token again."""
    refreshing = range(_CALM + 1, _CALM + 1 + clients)
    ending = range(refreshing.stop, refreshing.stop + clients)
    with bench.serve("ours") as server, Load(server.port) as load:
        load.connect(range(1, _CALM + 1))
        bench.wait_subscribed(server, load, through=THROUGH["ours"])
        connected_at = int(time.time() + 2 * clients * _CONNECT_SECONDS)
        asked_at = connected_at + _WINDOW_SECONDS
        closed_at = connected_at + _WINDOW_SECONDS + _GRACE_SECONDS
        load.prepare(refreshing, {}, issued_at=asked_at + _WARN_SECONDS - tokens.ACCESS_SECONDS)
        load.prepare(ending, {}, issued_at=closed_at - _GRACE_SECONDS - tokens.ACCESS_SECONDS)
        load.refresh_when_asked(refreshing)
        load.connect([*refreshing, *ending])
        if time.time() > connected_at:
            raise Lost(f"{2 * clients} clients did not connect in time")
        load.reset()
        count = _CALM * round((closed_at + _WINDOW_SECONDS - time.time()) * _RATE / _CALM)
        with bench.publisher(server, rooms=_CALM, count=count, through=THROUGH["ours"], rate=_RATE) as publisher:
            window = _Window(bench, server, load, clients)
            window.measure_calm(until=asked_at)
            window.measure("refresh", asked_at, lambda: load.refreshed)
            window.measure("expiry", closed_at, lambda: load.closed)
            load.run(lambda: load.delivered >= count, seconds=30, what=f"{count} deliveries")
            publisher.wait(10)


@dataclass(slots=True)
class _Window:
    """A few seconds in which something happens to each of the clients."""

    bench: Bench
    server: Server
    load: Load
    clients: int
    calm_us: float = 0  # CPU of a client's share of the pushes

    def measure_calm(self, *, until: float) -> None:
        self._wait(until - _WINDOW_SECONDS)
        meter = Meter(self.server.process)
        self._wait(until)
        self.calm_us = meter.cpu_us(per=self.clients)

    def measure(self, name: str, begins_at: float, count_done: Callable[[], int]) -> None:
        """Measure from `begins_at`, in Unix seconds, until it has happened to all."""
        self._wait(begins_at)
        self.load.latencies.clear()
        meter, done_at = Meter(self.server.process), 0.0

        def is_over() -> bool:
            nonlocal done_at
            if not done_at and count_done() >= self.clients:
                done_at = time.time()
            return done_at > 0 and time.time() >= begins_at + _WINDOW_SECONDS

        self.load.run(is_over, seconds=30, what=f"{name} of {self.clients} sockets")
        add = self.bench.results.add
        add(f"{name}_seconds", "ours", done_at - begins_at, at=self.clients)
        add(f"{name}_us", "ours", meter.cpu_us(per=self.clients) - self.calm_us, at=self.clients)
        add_quantiles(self.bench, "ours", self.load.latencies, at=self.clients, prefix=f"{name}_")

    def _wait(self, until: float) -> None:
        self.load.run(lambda: time.time() >= until, seconds=120, what="a moment")
