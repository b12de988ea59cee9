"""What can be done to a system, how it is repaired, and by which sign one can tell that it was hurt at all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.failure.load import Load
from tests.failure.world import World
from tests.services import RabbitMQ

Act = Callable[[Load], object]
Sign = Callable[[Load], bool]


def _nothing(_load: Load) -> None:
    pass


@dataclass(frozen=True)
class Injury:
    """Hurt, wait for the signs and some seconds, repair. `answers_stay` says that every follow is answered 201 in time.

    `settles_seconds` is what may pass from the repair until everybody has seen everything.
    """

    what: str
    hurt: Act
    repair: Act = _nothing
    lasts_seconds: float = 3.0
    answers_stay: bool = True
    settles_seconds: float = 10.0
    signs: Mapping[str, Sign] = field(default_factory=dict)


def kill(process: str) -> Injury:
    """kill -9 of a process with all of its children; started again at once."""
    return Injury(
        f"kill {process}",
        hurt=lambda load: load.world.system.processes[process].kill(),
        repair=lambda load: load.world.system.processes[process].start(),
        lasts_seconds=1,
        answers_stay=process != "api",
    )


def terminate(process: str) -> Injury:
    """SIGTERM of a process, which ends in its own time; started again then."""

    def hurt(load: Load) -> None:
        code = load.world.system.processes[process].terminate(seconds=30)
        assert code == 0, f"{process} ended with {code}"

    return Injury(
        f"terminate {process}",
        hurt=hurt,
        repair=lambda load: load.world.system.processes[process].start(),
        lasts_seconds=0,
        answers_stay=process != "api",
    )


def stop(service: str) -> Injury:
    """A service ends and refuses connections; later it starts from nothing but what it had written down."""

    def hurt(load: Load) -> None:
        for link in load.world.links_to(service):
            link.refuse()
        load.world.services[service].stop()

    return Injury(
        f"stop {service}",
        hurt=hurt,
        repair=lambda load: _bring_back(load.world, service),
        answers_stay=service != "postgresql",
        settles_seconds=30,
    )


def crash(service: str) -> Injury:
    """kill -9 of a service, started again."""

    def hurt(load: Load) -> None:
        for link in load.world.links_to(service):
            link.refuse()
        load.world.services[service].kill()

    return Injury(
        f"kill {service}",
        hurt=hurt,
        repair=lambda load: _bring_back(load.world, service),
        lasts_seconds=0,
        answers_stay=service != "postgresql",
        settles_seconds=30,
    )


def pause(*services: str, seconds: float = 4) -> Injury:
    """SIGSTOP: a service that neither answers nor ends its connections."""

    def each(act: str) -> Act:
        return lambda load: [getattr(load.world.services[service], act)() for service in services]

    return Injury(
        f"pause {'+'.join(services)}",
        hurt=each("pause"),
        repair=each("resume"),
        lasts_seconds=seconds,
        answers_stay="postgresql" not in services,
    )


def cut(link: str, how: str, *, seconds: float = 3) -> Injury:
    """Cut a wire: drop, refuse, silence, delay, or forget, which leaves one end half-open."""
    arguments = (0.3,) if how == "delay" else ()
    return Injury(
        f"{how} {link}",
        hurt=lambda load: getattr(load.world.links[link], how)(*arguments),
        repair=lambda load: load.world.links[link].mend(),
        lasts_seconds=seconds,
        answers_stay=link != "api-postgresql",
    )


def crash_at(point: str) -> Injury:
    """The process that comes to this point of a notification's way dies there, again and again."""
    process = "api" if point == "after commit" else "worker"

    def hurt(load: Load) -> None:
        load.world.system.processes[process].kill()
        load.world.system.processes[process].start(CRASH_POINT=point)

    def repair(load: Load) -> None:
        load.world.system.processes[process].kill()
        load.world.system.processes[process].start()

    return Injury(
        f"crash {point}",
        hurt=hurt,
        repair=repair,
        lasts_seconds=1,
        answers_stay=process != "api",
        signs={f"{process} dies at {point!r}": log_says(process, f"dying at {point!r}")},
    )


def cut_listeners() -> Injury:
    """Cut only the connections over which the IM servers listen."""

    def hurt(load: Load) -> None:
        world = load.world
        if isinstance(rabbitmq := world.services.get("rabbitmq"), RabbitMQ):
            for line in rabbitmq.ctl("list_queues", "-q", "name", "owner_pid").splitlines():
                if line.startswith("toutiao-im"):
                    rabbitmq.ctl("close_connection", line.split("\t")[1], "tests")
            return
        with world.redis() as connection:
            connection.client_kill_filter(_type="pubsub")

    return Injury("cut listeners", hurt=hurt, lasts_seconds=1, signs={"im0 subscribes anew": _subscribed_anew()})


def unbind_listeners() -> Injury:
    """Take the IM servers' queues from the exchange: their connections live, and nothing comes any more."""

    def hurt(load: Load) -> None:
        rabbitmq = load.world.services["rabbitmq"]
        assert isinstance(rabbitmq, RabbitMQ)
        for line in rabbitmq.ctl("list_queues", "-q", "name").splitlines():
            if line.startswith("toutiao-im"):
                rabbitmq.ctl("eval", _UNBIND.replace("QUEUE", line.strip()))

    return Injury(
        "unbind listeners",
        hurt=hurt,
        lasts_seconds=0,
        signs={
            "im0 says that it is deaf": lambda load: "deaf" in load.world.says("im0", "/readyz"),
            "im0 counts it": grows("im0", "toutiao_im_deaf_total"),
            "im0 subscribes anew": _subscribed_anew(),
        },
    )


_UNBIND = """
Q = rabbit_misc:r(<<"/">>, queue, <<"QUEUE">>),
[rabbit_binding:remove(B, <<"tests">>) || B <- rabbit_binding:list_for_destination(Q),
 element(2, B) =/= rabbit_misc:r(<<"/">>, exchange, <<>>)].
"""


def flush() -> Injury:
    """FLUSHALL: a Redis that has forgotten everything."""

    def hurt(load: Load) -> None:
        with load.world.redis() as connection:
            connection.flushall()
        for device in load.devices:
            device.drop()

    return Injury(
        "flush valkey",
        hurt=hurt,
        lasts_seconds=0,
        signs={"devices are told": lambda load: all(device.memory.unrecovered for device in load.devices)},
    )


def roam() -> Injury:
    """Every device loses its connection, and comes back to the other server."""

    def hurt(load: Load) -> None:
        for device in load.devices:
            device.drop()

    return Injury("move devices", hurt=hurt, lasts_seconds=0.5)


def crowd() -> Injury:
    """Two more workers and a second beat for a while."""

    def hurt(load: Load) -> None:
        for name in ("worker2", "worker3"):
            load.world.system.add_worker(name)
        load.world.system.add_beat("beat2")

    def repair(load: Load) -> None:
        for name in ("worker2", "worker3", "beat2"):
            load.world.system.processes.pop(name).terminate(seconds=30)

    ready = {f"{name} works": log_says(name, "ready.") for name in ("worker2", "worker3")}
    return Injury("three workers, two beats", hurt=hurt, repair=repair, lasts_seconds=3, signs=ready)


def log_says(process: str, text: str) -> Sign:
    """A process writes a text to its log, once more than before."""

    def count(load: Load) -> float:
        found = load.world.system.processes.get(process)
        return found.log.read_text(errors="replace").count(text) if found else 0

    return _grows(count)


def grows(process: str, metric: str) -> Sign:
    """A metric becomes more than it was before."""
    return _grows(lambda load: load.world.metric(process, metric))


def _grows(count: Callable[[Load], float]) -> Sign:
    first: list[float] = []

    def is_so(load: Load) -> bool:
        value = count(load)
        if not first:
            first.append(value)
        return value > first[0]

    return is_so


def _subscribed_anew() -> Sign:
    return grows("im0", "toutiao_im_subscriptions_total")


def _bring_back(world: World, service: str) -> None:
    world.services[service].start()
    for link in world.links_to(service):
        link.mend()
