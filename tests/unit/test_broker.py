"""How Celery's broker is talked to depends on nothing but its URL."""

import pytest

from app import broker


@pytest.mark.parametrize("url", ["amqp://localhost//", "amqps://localhost//"])
def test_rabbitmq_confirms_what_it_took_within_a_time(url: str) -> None:
    options = broker.celery_settings(url)["broker_transport_options"]

    assert options["confirm_publish"]
    assert options["confirm_timeout"] > 0


@pytest.mark.parametrize("url", ["redis://localhost/0", "rediss://localhost/0"])
def test_redis_is_waited_for_within_a_time(url: str) -> None:
    options = broker.celery_settings(url)["broker_transport_options"]

    assert options["socket_timeout"] > 0
    assert options["socket_connect_timeout"] > 0
