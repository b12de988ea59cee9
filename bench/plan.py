"""The size of each scenario in a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench import floor
from bench.bench import Bench
from bench.load import most_clients
from bench.scenarios import crowd, expiry, follow, full, groups, latency, notify, preferences, push, revocation, storm
from bench.services import NotInstalled, postgresql, rabbitmq

_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Plan:
    """`sizes` has the number of rounds for each number of clients; `rates` are pushes a second."""

    rounds: int
    sizes: Mapping[int, int]
    idle_at: int
    idle_seconds: float
    pushes: int
    rates: tuple[int, ...]
    rate_seconds: float
    storm: int
    full: int
    follows: int
    expiring: int


FULL = Plan(
    rounds=3,
    sizes={1000: 3, 2000: 1, 4000: 1, 8000: 2, 16_000: 1},
    idle_at=8000,
    idle_seconds=2 * crowd.PING_SECONDS,
    pushes=20_000,
    rates=(200, 1000, 3000, 10_000),
    rate_seconds=3,
    storm=8000,
    full=_MOST,
    follows=4000,
    expiring=2000,
)
QUICK = Plan(
    rounds=1,
    sizes={1000: 1},
    idle_at=1000,
    idle_seconds=crowd.PING_SECONDS,
    pushes=10_000,
    rates=(1000,),
    rate_seconds=3,
    storm=1000,
    full=2000,
    follows=1000,
    expiring=500,
)

_CLIENTS = 1000  # that get pushes


def _crowd(bench: Bench, plan: Plan) -> None:
    for turn in range(max(plan.sizes.values())):
        sizes = [most_clients(size) for size, times in plan.sizes.items() if turn < times]
        # One long idle time is enough: it has many samples.
        crowd.run(bench, sizes=sizes, idle_at=plan.idle_at, idle_seconds=plan.idle_seconds if turn == 0 else 0)


def _push(bench: Bench, plan: Plan) -> None:
    for _ in range(plan.rounds):
        push.run(bench, clients=_CLIENTS, pushes=plan.pushes, broadcasts=plan.pushes // 200)


def _rabbitmq(bench: Bench, plan: Plan) -> None:
    try:
        with rabbitmq(bench.folder) as url:
            for _ in range(plan.rounds):
                push.run_on_rabbitmq(bench, url, clients=_CLIENTS, pushes=plan.pushes)
    except NotInstalled as error:
        bench.results.note(f"{error}: nothing was measured on it.")


def _latency(bench: Bench, plan: Plan) -> None:
    for _ in range(plan.rounds):
        latency.run(bench, clients=_CLIENTS, rates=plan.rates, seconds=plan.rate_seconds)


def _storm(bench: Bench, plan: Plan) -> None:
    storm.run(bench, clients=plan.storm)


def _full(bench: Bench, plan: Plan) -> None:
    clients = most_clients(plan.full)
    if clients < plan.full:
        bench.results.note(f"{clients:,} sockets on one server, not {plan.full:,}: more open files are not allowed.")
    full.run(bench, clients=clients, rate=2000)


def _follow(bench: Bench, plan: Plan) -> None:
    follow.run(bench, follows=plan.follows)


def _notify(bench: Bench, _plan: Plan) -> None:
    _on_postgresql(bench, notify.run)


def _preferences(bench: Bench, plan: Plan) -> None:
    for _ in range(plan.rounds):
        _on_postgresql(bench, preferences.run)


def _groups(bench: Bench, _plan: Plan) -> None:
    _on_postgresql(bench, groups.run)


def _on_postgresql(bench: Bench, run: Callable[[Bench, str], None]) -> None:
    try:
        with postgresql(bench.folder) as url:
            run(bench, url)
    except NotInstalled as error:
        bench.results.note(f"{error}: nothing was measured on it.")


def _expiry(bench: Bench, plan: Plan) -> None:
    for _ in range(plan.rounds):
        expiry.run(bench, clients=plan.expiring)


def _revocation(bench: Bench, plan: Plan) -> None:
    revocation.run(bench, sockets=100, rounds=3 * plan.rounds)


def _floor(bench: Bench, plan: Plan) -> None:
    for _ in range(plan.rounds):
        bench.results.add("send_us", "floor", floor.measure_send_us())


SCENARIOS: dict[str, Callable[[Bench, Plan], None]] = {
    "floor": _floor,
    "push": _push,
    "rabbitmq": _rabbitmq,
    "latency": _latency,
    "crowd": _crowd,
    "storm": _storm,
    "full": _full,
    "follow": _follow,
    "notify": _notify,
    "preferences": _preferences,
    "groups": _groups,
    "expiry": _expiry,
    "revocation": _revocation,
}
