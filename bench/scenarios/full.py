"""As many idle sockets on one server as the machine allows, and a push to each of them."""

from bench.bench import Bench
from bench.load import Load
from bench.scenarios.latency import THROUGH, add_quantiles


def run(bench: Bench, *, clients: int, rate: int) -> None:
    for peer in bench.peers:
        if peer == "stock":
            continue
        with bench.serve(peer) as server, Load(server.port) as load:
            rss = server.process.rss_bytes()
            load.connect(range(1, clients + 1))
            bench.results.add("full_rss_mb", peer, (server.process.rss_bytes() - rss) / 2**20, at=clients)
            bench.wait_subscribed(server, load, through=THROUGH[peer])
            bench.push(server, load, rooms=clients, count=clients, through=THROUGH[peer], rate=rate)
            add_quantiles(bench, peer, load.latencies, at=clients, prefix="full_")
