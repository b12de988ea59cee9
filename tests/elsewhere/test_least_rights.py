"""The least rights that docs/operations.md gives on Redis and RabbitMQ are sufficient.

In test_shared_services.py they are sufficient with a prefix, too.
"""

from collections.abc import Callable

from redis import Redis

from tests.elsewhere import rights
from tests.services import RabbitMQ, Service
from tests.system import System, on_redis


def test_documented_rights_on_redis_are_sufficient(valkeys: Callable[[], Service]) -> None:
    service = valkeys()
    ours, im = map(on_redis, rights.limit_on_redis(service, rights.WITHOUT))
    with System(service.folder / "least", env_of={"im0": im}, **ours) as system:
        try:
            rights.use(system)
            system.processes["worker"].terminate()
        finally:
            with Redis(port=service.port) as redis:
                refused = rights.refused_by_redis(redis)
            print("refused:", refused)
    assert not refused


def test_documented_rights_on_rabbitmq_are_sufficient(rabbitmq: RabbitMQ, valkeys: Callable[[], Service]) -> None:
    service = valkeys()
    vhost = rabbitmq.create_vhost()
    ours, im = (
        {"BROKER_URL": url, "MESSAGE_QUEUE_URL": url}
        for url in rights.limit_on_rabbitmq(rabbitmq, vhost, rights.WITHOUT)
    )
    with System(service.folder / "least", env_of={"im0": im}, REDIS_URL=service.url, **ours) as system:
        rights.use(system)
        system.processes["worker"].terminate()
    assert not rabbitmq.refusals(vhost.rpartition("/")[2])
