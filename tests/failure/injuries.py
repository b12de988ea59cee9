"""What can be done to processes, services and the links between them, and how it is repaired."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.failure.load import Load
from tests.failure.signs import Sign, log_says
from tests.failure.world import World

Act = Callable[[Load], object]


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
        code = load.world.system.processes[process].terminate(seconds=20)
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
    """Cut a wire: drop, refuse, silence, delay, or forget, which leaves one end half-open: heartbeats have to tell."""
    arguments = (0.3,) if how == "delay" else ()
    return Injury(
        f"{how} {link}",
        hurt=lambda load: getattr(load.world.links[link], how)(*arguments),
        repair=lambda load: load.world.links[link].mend(),
        lasts_seconds=seconds,
        answers_stay=link != "api-postgresql",
        settles_seconds=15 if how == "forget" else 10,
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


def _bring_back(world: World, service: str) -> None:
    world.services[service].start()
    for link in world.links_to(service):
        link.mend()
