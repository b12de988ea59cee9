"""Two systems on one Redis, and on one RabbitMQ beside it: by KEY_PREFIX and CHANNEL they are nothing to each other.

Each counts its users from 1, and its worker has the name of the other's, so that whatever is not kept apart meets. The
second has no more than the documented rights, the first has all.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from kombu import Connection
from redis import Redis

from core.keys import Keys
from tests.clients import Client, User
from tests.e2e.test_flower import Flower
from tests.elsewhere import rights
from tests.services import RabbitMQ, Service, wait_until
from tests.system import System, on_redis

NAMES = ("news", "sports")
SECONDS = 30


@dataclass(frozen=True)
class Shared:
    """Both systems, and the services that they share; without RabbitMQ, Redis is all of them."""

    news: System
    sports: System
    redis: Redis
    rabbitmq: RabbitMQ | None

    @property
    def queue(self) -> str:
        """The URL of the broker for a user with all rights."""
        return self.news.env["BROKER_URL"]

    def people(self) -> list[tuple[User, User]]:
        """Sign up two users in each; those of one system have the ids of the other's."""
        pairs = [(system.user("ann"), system.user("bob")) for system in (self.news, self.sports)]
        assert len({(ann.id, bob.id) for ann, bob in pairs}) == 1
        return pairs

    def waiting(self, queue: str) -> int:
        """Count the tasks that no worker has taken."""
        if self.rabbitmq is None:
            return int(self.redis.llen(queue))  # type: ignore[arg-type]
        with Connection(self.queue) as connection:
            return int(connection.default_channel.queue_declare(queue, passive=True).message_count)

    def assert_rights_are_sufficient(self) -> None:
        assert rights.refused_by_redis(self.redis) == set()
        if self.rabbitmq is not None:
            assert self.rabbitmq.refusals(self.queue.rpartition("/")[2]) == []


def prefix(name: str) -> str:
    return f"{name}:"


def channel(name: str) -> str:
    return f"{name}:socketio"


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def shared(request: pytest.FixtureRequest, folder: Path, valkeys: Callable[[], Service]) -> Iterator[Shared]:
    service = valkeys()
    block = rights.with_prefix(prefix("sports"))
    everything, ours, im = map(on_redis, (service.url, *rights.limit_on_redis(service, block)))
    rabbitmq = request.getfixturevalue("rabbitmq") if request.param == "rabbitmq" else None
    if rabbitmq is not None:
        vhost = rabbitmq.create_vhost()
        queues = vhost, *rights.limit_on_rabbitmq(rabbitmq, vhost, block)
        for urls, queue in zip((everything, ours, im), queues, strict=True):
            urls.update(BROKER_URL=queue, MESSAGE_QUEUE_URL=queue)
    with ExitStack() as stack:

        def start(name: str, env_of: dict[str, dict[str, str]], urls: dict[str, str]) -> System:
            names = {"KEY_PREFIX": prefix(name), "CHANNEL": channel(name)}
            return stack.enter_context(System(folder / f"{name}-{request.param}", env_of=env_of, **names, **urls))

        news, sports = start("news", {}, everything), start("sports", {"im0": im}, ours)
        redis = stack.enter_context(Redis.from_url(service.url))
        yield Shared(news, sports, redis, rabbitmq)


def listening(system: System, user: User) -> Client:
    client = system.client(user).stay()
    client.wait_for("sync")
    return client


def inbox(system: System, user: User) -> list[int]:
    results = system.api.get("/v1_0/user/notifications", user)[1]["results"]
    return [notification["id"] for notification in reversed(results)]


# How `make run` finds out whether the worker is there. In a process of its own, with which its connections go.
READINESS = """
import socket
from core.settings import BrokerSettings, load_settings
from dev.readiness import worker_check
settings = load_settings(BrokerSettings)
print(worker_check(settings.broker_url, settings.keys, f"worker@{socket.gethostname()}")())
"""


def readiness(system: System) -> str:
    return system.run(sys.executable, "-c", READINESS).stdout.strip()


def test_follow_reaches_only_clients_of_its_own_system(shared: Shared) -> None:
    (ann, bob), (eve, dan) = shared.people()
    fan = shared.news.user()
    clients = [listening(shared.news, bob), listening(shared.sports, dan)]

    # By the time that the third is there, whatever had come astray of the first two would be there as well.
    assert shared.news.api.follow(ann, bob) == 201
    clients[0].wait_for("following notify")
    assert shared.sports.api.follow(eve, dan) == 201
    clients[1].wait_for("following notify")
    assert shared.news.api.follow(fan, bob) == 201
    clients[0].wait_for("following notify", 2)

    assert [client.ids() for client in clients] == [inbox(shared.news, bob), inbox(shared.sports, dan)]
    told = [[data["user_name"] for data in client.of("following notify")] for client in clients]
    assert told == [[ann.name, fan.name], [eve.name]]
    for client in clients:
        client.close()
    shared.sports.user()  # so that the next ones have the same ids again


def test_user_state_of_one_system_is_invisible_to_the_other(shared: Shared) -> None:
    (ann, bob), (_, dan) = shared.people()
    client = listening(shared.news, bob)
    assert shared.news.api.follow(ann, bob) == 201
    client.wait_for("following notify")
    wait_until(lambda: is_online(shared.news, bob), seconds=SECONDS, what="bob is online")

    assert not is_online(shared.sports, dan)
    later = [listening(shared.news, bob), listening(shared.sports, dan)]
    syncs = [one.of("sync")[0] for one in later]
    assert [sync["unread_count"] for sync in syncs] == [1, 0]
    assert [sync["offset"] == "0-0" for sync in syncs] == [False, True]
    for one in (client, *later):
        one.close()


def is_online(system: System, user: User) -> bool:
    return bool(system.api.get(f"/v1_0/users/{user.id}", user)[1]["online"])


def test_counters_are_shown_by_the_api_of_their_own_system(shared: Shared) -> None:
    (_, bob), (_, dan) = shared.people()
    shared.redis.set(Keys(prefix("news")).unread(str(bob.id)), "junk")

    for system, user in ((shared.news, bob), (shared.sports, dan)):
        listening(system, user).close()

    assert [repaired(system) for system in (shared.news, shared.sports)] == ["1.0", "0.0"]


def repaired(system: System) -> str:
    text = str(system.api.get("/metrics")[1])
    [line] = re.findall(r'^toutiao_repaired_keys_total\{kind="unread"\} (.*)$', text, re.MULTILINE)
    return str(line)


def test_worker_takes_only_tasks_of_its_own_system(shared: Shared) -> None:
    (ann, bob), (eve, dan) = shared.people()
    clients = [listening(shared.news, bob), listening(shared.sports, dan)]
    worker = shared.sports.processes["worker"]
    worker.terminate()
    if "flower" in shared.sports.processes:
        shared.sports.processes.pop("flower").kill()  # it knows the worker
    flower = Flower(shared.sports.add_flower("flower"))

    assert shared.sports.api.follow(eve, dan) == 201
    assert shared.sports.api.post("/v1_0/user/notifications/read", {"up_to": 2**52}, dan)[0] == 200
    keys = Keys(prefix("sports"))
    wait_until(lambda: shared.waiting(keys.dispatches) >= 3, seconds=SECONDS, what="dispatches wait")
    wait_until(lambda: shared.waiting(keys.notifications) == 1, seconds=SECONDS, what="so does the other task")
    assert shared.news.api.follow(ann, bob) == 201
    clients[0].wait_for("following notify")

    assert "pong" in rights.ping(shared.news)
    assert "No nodes replied" in rights.ping(shared.sports)
    wait_until(lambda: readiness(shared.news) == "None", seconds=SECONDS, what="make run finds its worker")
    assert readiness(shared.sports) == "does not answer a ping"
    assert flower.get("/api/workers?refresh=1&status=1") == {}
    assert flower.get("/api/tasks") == {}
    if shared.rabbitmq is None:  # of RabbitMQ it would ask an API that is not there
        lengths = {queue["name"]: queue["messages"] for queue in flower.get("/api/queues/length")["active_queues"]}
        assert lengths["dispatches"] >= 3
    assert clients[1].ids() == []

    worker.start()
    clients[1].wait_for("following notify", seconds=SECONDS)
    wait_until(lambda: flower.get("/api/workers?refresh=1&status=1"), seconds=SECONDS, what="Flower sees its worker")
    wait_until(lambda: shared.waiting(keys.notifications) == 0, seconds=SECONDS, what="the other task is done")
    assert "pong" in rights.ping(shared.sports)
    shared.assert_rights_are_sufficient()
    for client in clients:
        client.close()


def test_every_name_begins_with_a_prefix(shared: Shared) -> None:
    for system in (shared.news, shared.sports):
        rights.use(system)

    prefixes = tuple(map(prefix, NAMES))
    keys = [key.decode() for key in shared.redis.scan_iter(count=1000)]

    assert [key for key in keys if not key.startswith(prefixes)] == []
    assert {Keys(prefix(name)).epoch for name in NAMES} <= set(keys)
    heard = {name.decode() for name in shared.redis.pubsub_channels()}  # type: ignore[union-attr]
    assert heard == (set() if shared.rabbitmq else set(map(channel, NAMES)))
    if shared.rabbitmq is not None:
        assert_names_in_rabbitmq(shared.rabbitmq, shared.queue, prefixes)
    shared.assert_rights_are_sufficient()


def assert_names_in_rabbitmq(rabbitmq: RabbitMQ, url: str, prefixes: tuple[str, ...]) -> None:
    vhost = url.rpartition("/")[2]
    queues, exchanges = (
        rabbitmq.ctl("list_" + kind, "--quiet", "--no-table-headers", "-p", vhost, "name").split()
        for kind in ("queues", "exchanges")
    )
    assert [name for name in queues if not name.startswith(prefixes)] == []
    assert [name for name in exchanges if not name.startswith((*prefixes, "amq."))] == []
    assert {name for name in exchanges if "socketio" in name} == set(map(channel, NAMES))
    for expected in ("dispatches", "toutiao-im.", "celeryev.", "worker@"):
        assert len([name for name in queues if name.startswith(tuple(p + expected for p in prefixes))]) >= 1, expected
