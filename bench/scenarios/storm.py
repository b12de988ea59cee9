"""A storm: thousands of clients reconnect at once, each with a token and an offset, while others get pushes."""

import time

from bench.bench import Bench
from bench.load import Load, Lost
from bench.meter import Meter
from bench.scenarios.latency import THROUGH, add_quantiles
from bench.servers import Server
from core.cache import connect
from core.epochs import Epochs
from core.history import Entry, History
from core.settings import Settings

_CALM = 500  # clients that stay connected and get one push a second each
_LEAST_PUSH_SECONDS = 5
_PUSH_SECONDS_A_CLIENT = 0.002  # longer than a storm lasts
_STORM_SECONDS = 60
_PAGE = 500


def run(bench: Bench, *, clients: int) -> None:
    users = range(_CALM + 1, _CALM + clients + 1)
    for peer in bench.peers:
        offsets = _write_histories(bench.redis_url, users) if peer == "ours" else {}
        with bench.serve(peer) as server, Load(server.port) as load:
            _run_one(bench, server, load, users, offsets)


def _run_one(bench: Bench, server: Server, load: Load, users: range, offsets: dict[int, str]) -> None:
    size, through = len(users), THROUGH[server.peer]
    count = _CALM * round(max(_LEAST_PUSH_SECONDS, _PUSH_SECONDS_A_CLIENT * size))
    load.connect(range(1, _CALM + 1))
    bench.wait_subscribed(server, load, through=through)
    load.prepare(users, offsets)
    load.reset()
    with bench.publisher(server, rooms=_CALM, count=count, through=through, rate=_CALM) as publisher:
        load.run(lambda: load.delivered > _CALM, seconds=30, what="pushes before the storm")
        load.latencies.clear()
        meter, started_at = Meter(server.process), time.monotonic()
        new = load.connect(users, at_once=size, seconds=_STORM_SECONDS)
        bench.results.add("storm_seconds", server.peer, time.monotonic() - started_at, at=size)
        bench.results.add("storm_wait_seconds", server.peer, max(client.waited for client in new), at=size)
        bench.results.add("storm_connect_us", server.peer, meter.cpu_us(per=size), at=size)
        add_quantiles(bench, server.peer, load.latencies, at=size, prefix="storm_")
        load.run(lambda: load.delivered >= count, seconds=_STORM_SECONDS, what=f"{count} deliveries")
        publisher.wait(10)
    if load.unrecovered:
        bench.results.note(f"{server.peer}: {load.unrecovered} of {size} clients in the storm had to read their inbox.")
    if load.replayed + load.unrecovered < len(offsets):
        raise Lost(f"{len(offsets)} clients missed a notification, {load.replayed} were replayed")


def _write_histories(redis_url: str, users: range) -> dict[int, str]:
    """Add two notifications for each user; return the offsets of the first ones. The clients have missed the second."""
    fields = Settings.model_fields
    with connect(redis_url, timeout_seconds=10) as redis:
        redis.flushall()
        Epochs(redis).establish()
        history = History(redis, length=fields["history_length"].default, seconds=fields["history_seconds"].default)
        _append(history, users, 1)
        offsets = {user_id: history.newest(str(user_id)) for user_id in users}
        _append(history, users, 2)
    return offsets


def _append(history: History, users: range, notification_id: int) -> None:
    now = int(time.time())
    data: dict[str, object] = {"user_id": 1, "user_name": "Ann", "user_photo": None, "timestamp": now}
    for start in range(0, len(users), _PAGE):
        page = users[start : start + _PAGE]
        history.append(
            [
                Entry.encode(notification_id, str(user_id), "following notify", {**data, "id": notification_id}, now)
                for user_id in page
            ]
        )
