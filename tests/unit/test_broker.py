"""How Celery's broker is talked to depends on nothing but its URL."""

import pytest
from kombu import Connection
from kombu.transport import pyamqp
from kombu.utils.imports import symbol_by_name

from app import broker


@pytest.mark.parametrize(("url", "kind"), [("amqp://h//", pyamqp.Transport), ("amqps://h//", pyamqp.SSLTransport)])
def test_rabbitmq_confirms_what_it_took(url: str, kind: type) -> None:
    settings = broker.celery_settings(url)

    assert settings["broker_transport_options"]["confirm_publish"]
    assert issubclass(symbol_by_name(settings["broker_transport"]), kind)


@pytest.mark.parametrize("url", ["redis://localhost/0", "rediss://localhost/0"])
def test_redis_is_waited_for_within_a_time(url: str) -> None:
    options = broker.celery_settings(url)["broker_transport_options"]

    assert options["socket_timeout"] > 0
    assert options["socket_connect_timeout"] > 0


def test_redis_is_encrypted_where_the_url_says_so() -> None:
    assert Connection("rediss://localhost/0").ssl
    assert not Connection("redis://localhost/0").ssl
