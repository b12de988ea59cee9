"""Users of Redis and RabbitMQ who lack rights, and queues that exist with other arguments.

No process ends; /readyz and the log name the remedy; afterwards everything continues without a restart.
"""

import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kombu import Connection, Queue
from redis import Redis
from redis.exceptions import RedisError

from core import capabilities, service_faults
from core.cache import connect, is_unavailable
from core.keys import Keys
from tests.im import Im
from tests.services import RabbitMQ, Service, wait_until
from tests.system import Process, System, on_redis

USER = "app:secret"


def says(url: str) -> str:
    """Return what /readyz says, ready or not."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return str(error.read().decode())


def failure(check: Callable[[], None]) -> str:
    with pytest.raises((*service_faults.ERRORS, service_faults.TakesNothing)) as caught:
        check()
    return service_faults.describe(caught.value)


def url_of(service: Service) -> str:
    return service.url.replace("://", f"://{USER}@").replace("guest:guest@", "")


@pytest.fixture(scope="module")
def redis(valkeys: Callable[[], Service]) -> Iterator[tuple[str, Redis]]:
    """The URL of a new ACL user, who has every right except on channels; and a client of the server."""
    service = valkeys()
    with Redis(port=service.port) as client:
        client.execute_command("ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "resetchannels")
        yield url_of(service), client


class TestRedis:
    def test_missing_right_is_named(self, redis: tuple[str, Redis]) -> None:
        url, server = redis
        server.execute_command("ACL", "SETUSER", "app", "-xadd")
        with connect(url, timeout_seconds=2) as client:
            assert "lacks rights: give the user" in failure(capabilities.of_cache(client))
        server.execute_command("ACL", "SETUSER", "app", "+xadd")
        with connect(url, timeout_seconds=2) as client:
            capabilities.of_cache(client)()

        assert "channel" in failure(capabilities.of_message_queue(url, "socketio"))
        capabilities.of_broker(url)()
        assert "log-in refused" in failure(capabilities.of_broker(url.replace("secret", "wrong")))

    def test_missing_right_of_a_script_counts_as_redis_unavailable(self, redis: tuple[str, Redis]) -> None:
        with connect(redis[0], timeout_seconds=2) as client, pytest.raises(RedisError) as caught:
            client.eval("return redis.call('PUBLISH', 'a', 'b')", 0)

        assert is_unavailable(caught.value)

    def test_im_server_waits_for_the_right_to_subscribe(self, folder: Path, redis: tuple[str, Redis]) -> None:
        url, server = redis
        im = Im(folder, url, transport="fast")
        try:
            wait_until(
                lambda: "message_queue: lacks rights" in said(im.url),
                seconds=30,
                what="the IM server reports missing rights",
            )
            assert "channel" in said(im.url)
            server.execute_command("ACL", "SETUSER", "app", "&socketio")

            wait_until(im._is_ready, seconds=20, what="the IM server is ready")
            assert im.process.log.read_text().count("Remedy") == 1
        finally:
            im.process.kill()
            server.execute_command("ACL", "SETUSER", "app", "resetchannels")

    def test_push_waits_for_the_right_to_publish(self, folder: Path, redis: tuple[str, Redis]) -> None:
        url, server = redis
        server.execute_command("ACL", "SETUSER", "app", "allchannels")
        with System(folder / "rights", **on_redis(url)) as system:
            ann, bob = system.user(), system.user()
            client = system.client(bob).stay()
            client.wait_for("sync")
            server.execute_command("ACL", "SETUSER", "app", "resetchannels", "&/0.celery.pidbox")

            assert system.api.follow(ann, bob) == 201
            worker = system.processes["worker"]
            wait_until(
                lambda: worker.says("message queue: lacks rights"), seconds=20, what="the worker reports missing rights"
            )
            wait_until(
                lambda: "message_queue: lacks rights" in says(system.api.url), seconds=5, what="the API reports it"
            )
            server.execute_command("ACL", "SETUSER", "app", "allchannels")

            client.wait_for("following notify", seconds=20)
            assert not worker.says("Traceback")
            client.close()


def said(url: str) -> str:
    try:
        return says(url)
    except OSError:
        return ""


@pytest.fixture(scope="module")
def vhost(rabbitmq: RabbitMQ) -> str:
    """The URL of a virtual host in which the user app has all rights."""
    url = rabbitmq.create_vhost().replace("guest:guest", USER)
    rabbitmq.ctl("add_user", *USER.split(":"))
    allow(rabbitmq, url, ".*")
    return url


def allow(rabbitmq: RabbitMQ, url: str, configure: str) -> None:
    rabbitmq.ctl("set_permissions", "-p", url.rpartition("/")[2], "app", configure, ".*", ".*")
    rabbitmq.close_connections("app")


class TestRabbitMQ:
    def test_system_waits_for_rights_and_for_conflicting_queues_to_go(
        self, folder: Path, rabbitmq: RabbitMQ, valkeys: Callable[[], Service], vhost: str
    ) -> None:
        urls = {"BROKER_URL": vhost, "MESSAGE_QUEUE_URL": vhost, "REDIS_URL": valkeys().url}
        with System(folder / "permissions", **urls) as system:
            ann, bob = system.user(), system.user()
            client = system.client(bob).stay()
            client.wait_for("sync")
            worker = system.processes["worker"]

            allow(rabbitmq, vhost, "^toutiao.*")
            restart(worker)
            wait_until(lambda: worker.says("lacks rights"), seconds=30, what="the worker reports missing rights")
            wait_until(lambda: "broker: lacks rights" in says(system.api.url), seconds=10, what="the API reports it")
            assert f"'{Keys().notifications}'" in says(system.api.url)
            assert worker.popen.poll() is None
            allow(rabbitmq, vhost, ".*")
            assert system.api.follow(ann, bob) == 201
            client.wait_for("following notify", 1, seconds=30)
            wait_until(lambda: worker.says(" ready."), seconds=30, what="the worker is ready")

            worker.terminate()
            with classic_queue_in_place(rabbitmq, vhost):
                worker.start()
                wait_until(
                    lambda: worker.says("exists with other arguments"),
                    seconds=30,
                    what="the worker reports other arguments",
                )
                wait_until(
                    lambda: "broker: exists with other" in says(system.api.url), seconds=10, what="the API reports it"
                )
                assert worker.popen.poll() is None
                assert worker.log.read_text().count("broker: exists") == 1
            wait_until(lambda: worker.says(" ready."), seconds=30, what="the worker is ready")
            wait_until(
                lambda: "broker: ok" in says(system.api.url), seconds=10, what="the API reports a working broker"
            )
            assert [p.popen.poll() for p in system.processes.values()] == [None] * len(system.processes)
            assert not system.processes["beat"].says("Traceback")
            client.close()


def restart(process: Process) -> None:
    process.signal(signal.SIGKILL)
    process.popen.wait(10)
    process.start()


class classic_queue_in_place:  # noqa: N801  (used as a verb)
    """A conflicting queue of the workers' name exists during the block."""

    def __init__(self, rabbitmq: RabbitMQ, vhost: str) -> None:
        self._rabbitmq = rabbitmq
        self._vhost = vhost

    def __enter__(self) -> None:
        with Connection(self._vhost.replace(USER, "guest:guest")) as connection:
            queue = Queue(Keys().notifications)(connection.default_channel)
            queue.delete()
            queue.declare()
        self._rabbitmq.close_connections("app")

    def __exit__(self, *_: object) -> None:
        with Connection(self._vhost.replace(USER, "guest:guest")) as connection:
            Queue(Keys().notifications)(connection.default_channel).delete()
