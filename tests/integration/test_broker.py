"""The broker, silent."""

import pytest
from kombu import Connection
from redis import Redis
from redis.exceptions import RedisError

from app import broker
from tests.services import RabbitMQ, Service


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


def test_a_worker_that_could_not_acknowledge_to_a_silent_redis_takes_the_next_task(cache: Service) -> None:
    settings = broker.celery_settings(cache.url)
    with Connection(settings["broker_url"], transport_options=settings["broker_transport_options"]) as connection:
        channel = connection.default_channel
        channel.basic_qos(0, 1, False)
        queue = settings["task_queues"][0](channel)
        queue.queue_declare()
        connection.Producer().publish({}, routing_key=queue.name)
        task = queue.get()
        assert not channel.qos.can_consume()
        cache.pause()
        try:
            with pytest.raises(RedisError):
                task.ack()
        finally:
            cache.resume()

        assert channel.qos.can_consume()


@pytest.mark.parametrize("junk", [b"no JSON", b"5", b"[1]", b"null", b'[5, "", ""]', b"[" * 100_000])
def test_what_was_handed_out_and_is_no_message_does_not_keep_others_from_being_handed_out_again(
    redis: Redis, cache: Service, junk: bytes
) -> None:
    settings = broker.celery_settings(cache.url)
    with Connection(settings["broker_url"], transport_options=settings["broker_transport_options"]) as connection:
        channel = connection.default_channel
        queue = settings["task_queues"][0](channel)
        queue.queue_declare()
        connection.Producer().publish({}, routing_key=queue.name)
        queue.get()
        redis.zadd(
            "unacked_index", {"junk": 2, next(iter(redis.hkeys("unacked"))): 1}
        )  # long ago, the junk comes first
        redis.hset("unacked", "junk", junk)

        channel.qos.restore_visible()

    assert redis.llen(queue.name) == 1
    assert (redis.hlen("unacked"), redis.zcard("unacked_index")) == (0, 0)
