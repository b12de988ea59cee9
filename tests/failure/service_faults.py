"""Faults of the services and of the links to them."""

from tests.failure.cluster import Cluster
from tests.failure.faults import Action, Fault
from tests.failure.load import Load


def stop(service: str) -> Fault:
    """Stop a service, and refuse connections to it; start it again with the data that it has written to its disk."""

    def inject(load: Load) -> None:
        for link in load.cluster.links_to(service):
            link.refuse()
        load.cluster.services[service].stop()

    return Fault(
        f"stop {service}",
        inject=inject,
        repair=lambda load: _restart(load.cluster, service),
        answers_stay=service != "postgresql",
        settles_seconds=30,
    )


def crash(service: str) -> Fault:
    """Kill a service with SIGKILL; start it again at once."""

    def inject(load: Load) -> None:
        for link in load.cluster.links_to(service):
            link.refuse()
        load.cluster.services[service].kill()

    return Fault(
        f"kill {service}",
        inject=inject,
        repair=lambda load: _restart(load.cluster, service),
        lasts_seconds=0,
        answers_stay=service != "postgresql",
        settles_seconds=30,
    )


def pause(*services: str, seconds: float = 4) -> Fault:
    """Pause services with SIGSTOP: they neither answer nor close their connections."""

    def each(method: str) -> Action:
        return lambda load: [getattr(load.cluster.services[service], method)() for service in services]

    return Fault(
        f"pause {'+'.join(services)}",
        inject=each("pause"),
        repair=each("resume"),
        lasts_seconds=seconds,
        answers_stay="postgresql" not in services,
    )


# By its name in a case, the method of Proxy.
LINK_FAULTS = {"drop": "drop", "refuse": "refuse", "silence": "silence", "delay": "delay", "half-open": "forget"}


def break_link(link: str, how: str, *, seconds: float = 3) -> Fault:
    """Break a link in one of the ways of LINK_FAULTS.

    Only a heartbeat can tell that a connection is half-open, so that takes longer to settle.
    """
    arguments = (0.3,) if how == "delay" else ()
    return Fault(
        f"{how} {link}",
        inject=lambda load: getattr(load.cluster.links[link], LINK_FAULTS[how])(*arguments),
        repair=lambda load: load.cluster.links[link].mend(),
        lasts_seconds=seconds,
        answers_stay=link != "api-postgresql",
        settles_seconds=15 if how == "half-open" else 10,
    )


def _restart(cluster: Cluster, service: str) -> None:
    cluster.services[service].start()
    for link in cluster.links_to(service):
        link.mend()
