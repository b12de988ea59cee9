"""The options of Celery's broker depend only on its URL."""

from typing import Any

import pytest
from kombu import Connection
from kombu.transport import pyamqp
from kombu.utils.imports import symbol_by_name

from core import broker
from core.keys import Keys


@pytest.mark.parametrize(("url", "kind"), [("amqp://h//", pyamqp.Transport), ("amqps://h//", pyamqp.SSLTransport)])
def test_publishes_to_rabbitmq_are_confirmed(url: str, kind: type) -> None:
    settings = broker.celery_settings(url)

    assert settings["broker_transport_options"]["confirm_publish"]
    assert issubclass(symbol_by_name(settings["broker_transport"]), kind)


@pytest.mark.parametrize("url", ["redis://localhost/0", "rediss://localhost/0"])
def test_commands_to_redis_have_a_timeout(url: str) -> None:
    options = broker.celery_settings(url)["broker_transport_options"]

    assert options["socket_timeout"] > 0
    assert options["socket_connect_timeout"] > 0


def test_redis_uses_tls_when_the_url_says_so() -> None:
    assert Connection("rediss://localhost/0").ssl
    assert not Connection("redis://localhost/0").ssl


def names(settings: dict[str, Any]) -> list[str]:
    own = ["task_default_queue", "task_default_routing_key", "event_exchange", "event_queue_prefix", "control_exchange"]
    routes = [route["queue"] for route in settings["task_routes"].values()]
    return [*(queue.name for queue in settings["task_queues"]), *routes, *(settings[name] for name in own)]


def test_names_in_rabbitmq_begin_with_the_prefix() -> None:
    settings = broker.celery_settings("amqp://h//", Keys("news:"))

    assert all(name.startswith("news:") for name in names(settings))
    keys = [queue.routing_key for queue in settings["task_queues"]]
    assert keys == ["news:notifications", "news:dispatches", "news:web_pushes"]


def test_in_redis_kombu_puts_the_prefix_before_its_keys() -> None:
    settings = broker.celery_settings("redis://localhost/0", Keys("news:"))

    assert settings["broker_transport_options"]["global_keyprefix"] == "news:"
    assert names(settings) == names(broker.celery_settings("redis://localhost/0"))
