"""The broker, silent."""

import pytest
from kombu import Connection

from app import broker
from tests.services import RabbitMQ


def test_a_publisher_gives_up_on_a_rabbitmq_that_does_not_confirm(rabbitmq: RabbitMQ) -> None:
    settings = broker.celery_settings(rabbitmq.create_vhost())
    connection = Connection(
        settings["broker_url"],
        transport=settings["broker_transport"],
        transport_options=settings["broker_transport_options"],
    )
    producer = connection.Producer()
    producer.publish({}, routing_key="nobody")
    rabbitmq.pause()
    try:
        with pytest.raises(TimeoutError):
            producer.publish({}, routing_key="nobody")
    finally:
        rabbitmq.resume()
        connection.release()
