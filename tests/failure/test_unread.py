"""A user's sockets learn what was read, whatever was away when it was read."""

from collections.abc import Callable
from pathlib import Path

from tests.services import RabbitMQ, Service, wait_until
from tests.system import System


def test_unread_count_reaches_sockets_after_a_message_queue_outage(
    folder: Path, valkeys: Callable[[], Service], rabbitmq: RabbitMQ
) -> None:
    redis = valkeys()
    urls = {"BROKER_URL": rabbitmq.create_vhost(), "MESSAGE_QUEUE_URL": redis.url, "REDIS_URL": redis.url}
    with System(folder / "unread", **urls) as system:
        ann, bob = system.user(), system.user()
        client = system.client(bob)
        client.wait_for("sync")
        system.api.follow(ann, bob)
        [told] = client.wait_for("following notify")
        client.wait_for("unread")

        redis.stop()
        status, answer = system.api.call(
            "POST", "/v1_0/user/notifications/read", {"ids": [told["id"]]}, token=bob.token
        )
        assert (status, answer) == (200, {"unread_count": 0})
        worker = system.processes["worker"].log
        wait_until(lambda: "tell_state" in ends_of_tasks(worker), seconds=30, what="the task failed once")
        redis.start()

        wait_until(
            lambda: 0 in [told["count"] for told in client.of("unread")],
            seconds=30,
            what="the client gets the unread count",
        )
        client.close()


def ends_of_tasks(log: Path) -> str:
    """Return what the worker says of tasks that did not succeed."""
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(line for line in lines if "retry:" in line or "raised unexpected" in line)
