"""Services that are up, answer, and take nothing: RabbitMQ under an alarm, Redis that can't write."""

from tests.failure.injuries import Act, Injury
from tests.failure.load import Load
from tests.failure.signs import metric
from tests.services import RabbitMQ


def alarm(kind: str) -> Injury:
    """RabbitMQ short of memory or disk: it reads no more of a connection that publishes, and confirms nothing."""
    begin, end = _ALARMS[kind]

    return Injury(
        f"{kind} alarm",
        hurt=lambda load: _rabbitmq(load).ctl(*begin),
        repair=lambda load: _rabbitmq(load).ctl(*end),
        lasts_seconds=10,  # more than an IM server is given that does not hear itself
        settles_seconds=15,
        signs={
            "RabbitMQ blocks publishers": _blocked,
            "im0 says that it hears nothing": metric("im0", "toutiao_im_deaf_total"),
        },
    )


_ALARMS = {
    "memory": (("set_vm_memory_high_watermark", "0.00001"), ("set_vm_memory_high_watermark", "0.4")),
    "disk": (("set_disk_free_limit", "1000GB"), ("set_disk_free_limit", "50MB")),
}


def _rabbitmq(load: Load) -> RabbitMQ:
    found = load.world.services["rabbitmq"]
    assert isinstance(found, RabbitMQ)
    return found


def _blocked(load: Load) -> float:
    states = _rabbitmq(load).ctl("list_connections", "-q", "state").split()
    return states.count("blocked")


def no_writes(why: str) -> Injury:
    """Redis that answers and reads, and writes nothing: out of memory, or too few replicas follow it."""
    option, hurt, repaired = _LIMITS[why]

    def set_to(value: int) -> Act:
        def act(load: Load) -> None:
            with load.world.redis() as connection:
                connection.config_set(option, value)

        return act

    return Injury(
        f"{why} valkey",
        hurt=set_to(hurt),
        repair=set_to(repaired),
        lasts_seconds=4,
        signs={"the API says that Redis is not ok": _is_refused},
    )


def no_snapshots() -> Injury:
    """Redis that can't write its data to the disk, and so refuses changes, and even a PING: MISCONF."""

    def hurt(load: Load) -> None:
        (load.world.services["valkey"].folder / "dump.rdb").mkdir()  # where the file should be
        with load.world.redis() as connection:
            connection.config_set("save", "1 1")

    def repair(load: Load) -> None:
        (load.world.services["valkey"].folder / "dump.rdb").rmdir()
        with load.world.redis() as connection:
            connection.config_set("save", "")

    signs = {"the API says that Redis is not ok": _is_refused}
    return Injury("valkey without a disk", hurt=hurt, repair=repair, lasts_seconds=4, signs=signs)


_LIMITS = {"full": ("maxmemory", 1, 0), "unreplicated": ("min-replicas-to-write", 1, 0)}


def _is_refused(load: Load) -> float:
    return "redis: ok" not in load.world.says("api", "/readyz")
