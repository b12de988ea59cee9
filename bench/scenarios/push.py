"""Pushes as fast as possible: CPU of a push to one room, with each message queue and emitter, and of a broadcast."""

from bench.bench import Bench
from bench.load import Load
from bench.meter import Meter
from bench.servers import Server

# The emitters of each server: (metric, emitter), on Redis and on RabbitMQ.
ON_REDIS = {
    "ours": [("push_us", "own-alone"), ("push_many_us", "own"), ("push_stock_us", "stock")],
    "stock": [("push_us", "stock")],
    "node": [("push_us", "node-alone"), ("push_many_us", "node")],
}
ON_RABBITMQ = {
    "ours": [("amqp_many_us", "own"), ("amqp_stock_us", "stock")],
    "stock": [("amqp_stock_us", "stock")],
}


def run(bench: Bench, *, clients: int, pushes: int, broadcasts: int) -> None:
    for peer in bench.peers:
        with bench.serve(peer) as server, Load(server.port) as load:
            load.connect(range(1, clients + 1))
            through = ON_REDIS[peer][0][1]
            bench.wait_subscribed(server, load, through=through)
            for way in ON_REDIS[peer]:
                _push(bench, server, load, way, pushes)
            meter = Meter(server.process)
            bench.push(server, load, rooms=0, count=broadcasts, through=through)
            bench.results.add("broadcast_us", peer, meter.cpu_us(per=broadcasts * clients))


def run_on_rabbitmq(bench: Bench, queue_url: str, *, clients: int, pushes: int) -> None:
    for peer in bench.peers:
        if peer not in ON_RABBITMQ:
            continue
        with bench.serve(peer, queue_url=queue_url) as server, Load(server.port) as load:
            load.connect(range(1, clients + 1))
            bench.wait_subscribed(server, load, through="stock")
            for way in ON_RABBITMQ[peer]:
                _push(bench, server, load, way, pushes)


def _push(bench: Bench, server: Server, load: Load, way: tuple[str, str], pushes: int) -> None:
    metric, emitter = way
    meter = Meter(server.process)
    bench.push(server, load, rooms=load.size, count=pushes, through=emitter)
    bench.results.add(metric, server.peer, meter.cpu_us(per=pushes))
