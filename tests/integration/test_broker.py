"""The broker: silent, without workers, and used by machines whose clocks differ."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from celery import Celery
from kombu import Connection
from redis import Redis
from redis.exceptions import RedisError

from app import broker, events
from tests.clocks import off_by
from tests.services import RabbitMQ, Service, wait_until
from tests.system import ROOT


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


@pytest.fixture(params=["redis", "rabbitmq"])
def celery(request: pytest.FixtureRequest) -> Iterator[Celery]:
    """An application whose broker no worker takes anything from."""
    if request.param == "redis":
        url = request.getfixturevalue("cache").url
        request.getfixturevalue("redis")
    else:
        url = request.getfixturevalue("rabbitmq").create_vhost()
    with Celery(set_as_current=False) as app:
        app.conf.update(broker.celery_settings(url))
        yield app


def waiting(app: Celery, name: str) -> list[str]:
    """Take the ids of what waits in a queue."""
    with app.connection_for_read() as connection:
        queue = app.amqp.queues[name](connection.default_channel)
        queue.queue_declare()
        taken = iter(lambda: queue.get(no_ack=True), None)
        return [message.headers["id"] for message in taken]


class TestWithoutWorkers:
    def test_dispatches_beyond_a_few_add_nothing(self, celery: Celery) -> None:
        for _ in range(50):
            celery.send_task(events.DISPATCH_TASK)

        assert len(waiting(celery, events.DISPATCH_QUEUE)) == 10

    def test_there_is_room_again_when_a_worker_has_taken_them(self, celery: Celery) -> None:
        for _ in range(50):
            celery.send_task(events.DISPATCH_TASK)
        waiting(celery, events.DISPATCH_QUEUE)

        last = celery.send_task(events.DISPATCH_TASK)

        assert waiting(celery, events.DISPATCH_QUEUE) == [last.id]

    def test_other_tasks_are_kept_however_many_dispatches_there_are(self, celery: Celery) -> None:
        task = celery.send_task(events.TELL_UNREAD_TASK, kwargs={"user_ids": [7]}, expiration=3600)

        for _ in range(50):
            celery.send_task(events.DISPATCH_TASK)

        assert waiting(celery, events.QUEUE) == [task.id]

    def test_rabbitmq_lets_go_of_what_was_sent_to_be_kept_for_a_while(self, rabbitmq: RabbitMQ) -> None:
        url = rabbitmq.create_vhost()
        with Celery(set_as_current=False) as app:
            app.conf.update(broker.celery_settings(url))

            app.send_task(events.TELL_UNREAD_TASK, kwargs={"user_ids": [7]}, expiration=0.2)

            with app.connection_for_read() as connection:
                queue = app.amqp.queues[events.QUEUE](connection.default_channel)
                wait_until(
                    lambda: queue.queue_declare(passive=True).message_count == 0, seconds=20, what="it is dropped"
                )

    def test_redis_takes_other_tasks_up_to_a_limit_and_then_says_so(self, redis: Redis, cache: Service) -> None:
        redis.lpush(events.QUEUE, *(b"task" for _ in range(10_000)))
        with Celery(set_as_current=False) as app:
            app.conf.update(broker.celery_settings(cache.url))

            with pytest.raises(broker.QueueFull):
                app.send_task(events.TELL_UNREAD_TASK, kwargs={"user_ids": [7]})

        assert redis.llen(events.QUEUE) == 10_000


TAKE_A_TASK = """
import sys
from kombu import Connection
from app import broker
settings = broker.celery_settings(sys.argv[1])
with Connection(sys.argv[1], transport_options=settings["broker_transport_options"]) as connection:
    assert settings["task_queues"][0](connection.default_channel).get()
    print("taken", flush=True)
    sys.stdin.read()
"""


class TestClocks:
    """Redis tells when a task was handed out to a worker, and whether that was too long ago."""

    @pytest.mark.parametrize("seconds", [-3600, 3600])
    def test_what_a_worker_took_by_a_wrong_clock_is_handed_out_again_in_due_time(
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
                what="it is handed out again",
            )
