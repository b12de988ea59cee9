"""Services that answer and accept no writes: RabbitMQ under an alarm, Redis that can't write."""

from tests.failure.faults import Action, Fault
from tests.failure.load import Load
from tests.failure.symptoms import metric
from tests.services import RabbitMQ


def alarm(kind: str) -> Fault:
    """Raise RabbitMQ's alarm for memory or disk: it stops to read from publishers, and confirms nothing."""
    begin, end = _ALARMS[kind]

    return Fault(
        f"{kind} alarm",
        inject=lambda load: _rabbitmq(load).ctl(*begin),
        repair=lambda load: _rabbitmq(load).ctl(*end),
        lasts_seconds=10,  # longer than the watchdog of an IM server waits for its canary
        settles_seconds=15,
        symptoms={
            "RabbitMQ blocks publishers": _blocked,
            "im0 counts a stalled subscription": metric("im0", "toutiao_im_subscription_stalls_total"),
        },
    )


_ALARMS = {
    "memory": (("set_vm_memory_high_watermark", "0.00001"), ("set_vm_memory_high_watermark", "0.4")),
    "disk": (("set_disk_free_limit", "1000GB"), ("set_disk_free_limit", "50MB")),
}


def _rabbitmq(load: Load) -> RabbitMQ:
    found = load.cluster.services["rabbitmq"]
    assert isinstance(found, RabbitMQ)
    return found


def _blocked(load: Load) -> float:
    states = _rabbitmq(load).ctl("list_connections", "-q", "state").split()
    return states.count("blocked")


def refuse_writes(reason: str) -> Fault:
    """Have Redis refuse writes: it is out of memory, or has too few replicas."""
    option, injected, repaired = _LIMITS[reason]

    def set_to(value: int) -> Action:
        def configure(load: Load) -> None:
            with load.cluster.redis() as connection:
                connection.config_set(option, value)

        return configure

    return Fault(
        f"valkey {reason}",
        inject=set_to(injected),
        repair=set_to(repaired),
        lasts_seconds=4,
        symptoms={"the API reports that Redis is not ok": _is_refused},
    )


def fail_snapshots() -> Fault:
    """Have Redis fail to write to its disk, so that it answers MISCONF to changes and even to PING."""

    def inject(load: Load) -> None:
        (load.cluster.services["valkey"].folder / "dump.rdb").mkdir()  # a folder where Redis writes its file
        with load.cluster.redis() as connection:
            connection.config_set("save", "1 1")

    def repair(load: Load) -> None:
        (load.cluster.services["valkey"].folder / "dump.rdb").rmdir()
        with load.cluster.redis() as connection:
            connection.config_set("save", "")

    symptoms = {"the API reports that Redis is not ok": _is_refused}
    return Fault("valkey cannot write to disk", inject=inject, repair=repair, lasts_seconds=4, symptoms=symptoms)


_LIMITS = {"out of memory": ("maxmemory", 1, 0), "without replicas": ("min-replicas-to-write", 1, 0)}


def _is_refused(load: Load) -> float:
    return "redis: ok" not in load.cluster.read("api", "/readyz")
