"""The broker: when it is silent, has no workers, or is used by machines whose clocks differ."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from celery import Celery
from kombu import Connection
from redis import Redis
from redis.exceptions import RedisError

from core import broker, events
from core.keys import Keys
from tests.clocks import off_by
from tests.services import RabbitMQ, Service, wait_until
from tests.system import ROOT


def test_publisher_times_out_when_rabbitmq_does_not_confirm(rabbitmq: RabbitMQ) -> None:
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


def test_worker_takes_the_next_task_after_a_failed_acknowledgement(cache: Service) -> None:
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


@pytest.mark.parametrize("prefix", ["", "news:"])
@pytest.mark.parametrize("junk", [b"no JSON", b"5", b"[1]", b"null", b'[5, "", ""]', b"[" * 100_000])
def test_invalid_unacknowledged_message_does_not_block_redelivery_of_others(
    redis: Redis, cache: Service, junk: bytes, prefix: str
) -> None:
    index, unacked = f"{prefix}unacked_index", f"{prefix}unacked"
    settings = broker.celery_settings(cache.url, Keys(prefix))
    with Connection(settings["broker_url"], transport_options=settings["broker_transport_options"]) as connection:
        channel = connection.default_channel
        queue = settings["task_queues"][0](channel)
        queue.queue_declare()
        connection.Producer().publish({}, routing_key=queue.name)
        queue.get()
        redis.zadd(index, {"junk": 2, next(iter(redis.hkeys(unacked))): 1})  # long ago, the junk comes first
        redis.hset(unacked, "junk", junk)

        channel.qos.restore_visible()

    assert redis.llen(prefix + queue.name) == 1
    assert (redis.hlen(unacked), redis.zcard(index)) == (0, 0)


@pytest.fixture(params=["redis", "rabbitmq"])
def celery(request: pytest.FixtureRequest) -> Iterator[Celery]:
    """An application whose broker has no worker."""
    if request.param == "redis":
        url = request.getfixturevalue("cache").url
        request.getfixturevalue("redis")
    else:
        url = request.getfixturevalue("rabbitmq").create_vhost()
    with Celery(set_as_current=False) as app:
        app.conf.update(broker.celery_settings(url))
        yield app


def waiting(app: Celery, name: str) -> list[str]:
    """Take the messages of a queue; return their ids."""
    with app.connection_for_read() as connection:
        queue = app.amqp.queues[name](connection.default_channel)
        queue.queue_declare()
        taken = iter(lambda: queue.get(no_ack=True), None)
        return [message.headers["id"] for message in taken]


class TestWithoutWorkers:
    def test_dispatch_queue_is_bounded(self, celery: Celery) -> None:
        for _ in range(50):
            celery.send_task(events.DISPATCH_TASK)

        assert len(waiting(celery, Keys().dispatches)) == 10

    def test_dispatch_queue_accepts_again_after_a_worker_took_messages(self, celery: Celery) -> None:
        for _ in range(50):
            celery.send_task(events.DISPATCH_TASK)
        waiting(celery, Keys().dispatches)

        last = celery.send_task(events.DISPATCH_TASK)

        assert waiting(celery, Keys().dispatches) == [last.id]

    def test_dispatches_do_not_displace_other_tasks(self, celery: Celery) -> None:
        task = celery.send_task(events.TELL_UNREAD_TASK, kwargs={"user_ids": [7]}, expiration=3600)

        for _ in range(50):
            celery.send_task(events.DISPATCH_TASK)

        assert waiting(celery, Keys().notifications) == [task.id]

    def test_rabbitmq_drops_expired_messages(self, rabbitmq: RabbitMQ) -> None:
        url = rabbitmq.create_vhost()
        with Celery(set_as_current=False) as app:
            app.conf.update(broker.celery_settings(url))

            app.send_task(events.TELL_UNREAD_TASK, kwargs={"user_ids": [7]}, expiration=0.2)

            with app.connection_for_read() as connection:
                queue = app.amqp.queues[Keys().notifications](connection.default_channel)
                wait_until(
                    lambda: queue.queue_declare(passive=True).message_count == 0,
                    seconds=20,
                    what="the message is dropped",
                )

    def test_full_redis_queue_raises_queue_full(self, redis: Redis, cache: Service) -> None:
        redis.lpush(Keys().notifications, *(b"task" for _ in range(10_000)))
        with Celery(set_as_current=False) as app:
            app.conf.update(broker.celery_settings(cache.url))

            with pytest.raises(broker.QueueFull):
                app.send_task(events.TELL_UNREAD_TASK, kwargs={"user_ids": [7]})

        assert redis.llen(Keys().notifications) == 10_000


TAKE_A_TASK = """
import sys
from kombu import Connection
from core import broker
settings = broker.celery_settings(sys.argv[1])
with Connection(sys.argv[1], transport_options=settings["broker_transport_options"]) as connection:
    assert settings["task_queues"][0](connection.default_channel).get()
    print("taken", flush=True)
    sys.stdin.read()
"""


class TestClocks:
    """Redis records when a task was delivered to a worker, and whether to deliver it again."""

    @pytest.mark.parametrize("seconds", [-3600, 3600])
    def test_message_taken_with_a_wrong_clock_is_redelivered_in_time(
        self, redis: Redis, cache: Service, seconds: int
    ) -> None:
        settings = broker.celery_settings(cache.url)
        options = settings["broker_transport_options"]
        with Connection(cache.url, transport_options=options) as connection:
            queue = settings["task_queues"][0](connection.default_channel)
            queue.queue_declare()
            connection.Producer().publish({}, routing_key=queue.name)
            worker = subprocess.Popen(
                [sys.executable, "-c", TAKE_A_TASK, cache.url],
                cwd=ROOT,
                env={**os.environ, **off_by(seconds)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            assert worker.stdout
            assert worker.stdout.readline() == b"taken\n"
            worker.kill()
            worker.communicate()

            connection.default_channel.qos.restore_visible(interval=1)
            assert redis.llen(queue.name) == 0

        with Connection(cache.url, transport_options={**options, "visibility_timeout": 0.1}) as connection:
            qos = connection.default_channel.qos
            wait_until(
                lambda: qos.restore_visible(interval=1) or redis.llen(queue.name),
                seconds=10,
                what="the message is delivered again",
            )
