"""Services that are up, answer, and take nothing: RabbitMQ under an alarm, Redis that can't write."""

from tests.failure.injuries import Injury
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
