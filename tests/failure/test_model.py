"""In any order of events, each user sees what was committed for that user, each notification once, and nothing else."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from redis import Redis

from app.models import Base
from core.db import Database
from tests.failure.model import Core, Crash, InProcessClient, Server
from tests.services import Service
from tests.system import environment

USER = st.integers(0, 2)
SERVER = st.integers(0, 1)
PLACE = st.sampled_from([("profiles", "get_many"), ("history", "append"), ("emitter", "push")])


class Promises(RuleBasedStateMachine):
    """The model: who follows whom, and for each user the actors of all notifications and of the unread ones."""

    def __init__(self, core: Core) -> None:
        super().__init__()
        self.core = core
        self.servers = [Server(core), Server(core)]
        self.clients: list[InProcessClient] = []
        self.following: set[tuple[int, int]] = set()
        self.told: dict[int, list[int]] = defaultdict(list)
        self.unread: dict[int, list[int]] = defaultdict(list)

    @rule(follower=USER, followed=USER)
    def follow(self, follower: int, followed: int) -> None:
        if follower == followed:
            return
        actor, user = self.core.users[follower], self.core.users[followed]
        is_told = (actor, user) not in self.following and actor not in self.unread[user]

        assert self.core.follow(actor, user) is is_told

        self.following.add((actor, user))
        if is_told:
            self.told[user].append(actor)
            self.unread[user].append(actor)

    @rule(follower=USER, followed=USER)
    def unfollow(self, follower: int, followed: int) -> None:
        actor, user = self.core.users[follower], self.core.users[followed]
        self.core.unfollow(actor, user)
        if (actor, user) in self.following and actor in self.unread[user]:
            self.unread[user].remove(actor)  # nobody has seen it, so it is withdrawn
            self.told[user].reverse()
            self.told[user].remove(actor)
            self.told[user].reverse()
        self.following.discard((actor, user))

    @rule(user_index=USER)
    def mark_read(self, user_index: int) -> None:
        user = self.core.users[user_index]
        self.core.mark_read(user)
        self.unread[user].clear()

    @rule(user_index=USER)
    def read_inbox(self, user_index: int) -> None:
        assert len(self.core.read_inbox(self.core.users[user_index])) == len(self.told[self.core.users[user_index]])

    @rule()
    def dispatch(self) -> None:
        self.core.dispatch()

    @rule(place=PLACE)
    def crash_in_dispatch(self, place: tuple[str, str]) -> None:
        try:
            self.core.dispatch(crash_after=place)
        except Crash:
            pass

    @rule()
    def deliver(self) -> None:
        queue, self.core.queue = self.core.queue, []
        for message in queue:
            for server in self.servers:
                server.receive(message)

    @rule()
    def lose_queued_messages(self) -> None:
        """After a restart of the message queue, every server subscribes again."""
        self.core.queue = []
        for server in self.servers:
            server.resubscribe()

    @rule(server_index=SERVER)
    def stall_subscription(self, server_index: int) -> None:
        self.servers[server_index].is_stalled = True

    @rule(server_index=SERVER)
    def resubscribe(self, server_index: int) -> None:
        self.servers[server_index].resubscribe()

    @rule(user_index=USER, server_index=SERVER)
    def open_client(self, user_index: int, server_index: int) -> None:
        client = InProcessClient(self.core, self.core.users[user_index])
        client.connect(self.servers[server_index])
        self.clients.append(client)

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), server_index=SERVER)
    def reconnect(self, data: st.DataObject, server_index: int) -> None:
        client = data.draw(st.sampled_from(self.clients))
        client.disconnect()
        client.connect(self.servers[server_index])

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def disconnect(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.clients)).disconnect()

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def read_socket(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.clients)).read()

    @rule(server_index=SERVER)
    def restart_server(self, server_index: int) -> None:
        for client in self.clients:
            if client.is_open and client.server is self.servers[server_index]:
                client.disconnect()
        self.servers[server_index] = Server(self.core)

    @rule()
    def lose_redis(self) -> None:
        self.core.redis.flushall()

    @rule()
    def settle(self) -> None:
        """After every repair, a few rounds are enough for each client to see everything."""
        for server in self.servers:
            server.resubscribe()
        for _ in range(4):
            while self.core.dispatch():
                pass
            self.deliver()
            for server in self.servers:
                server.wait_caught_up()
            for client in self.clients:
                if not client.is_open:
                    client.connect(self.servers[0])
                client.read()
        self._check()

    def teardown(self) -> None:
        self.settle()

    def _check(self) -> None:
        assert self.core.waiting() == 0
        for user in self.core.users:
            assert self.core.actors_told(user) == self.told[user]
        for client in self.clients:
            assert client.memory.shown == set(self.core.read_inbox(client.user_id))
            assert client.memory.disorders == []


@pytest.fixture
def make_core(tmp_path: Path, valkeys: Callable[[], Service]) -> Iterator[Callable[[], Core]]:
    url = valkeys().url
    database = Database(f"sqlite:///{tmp_path}/toutiao.sqlite3")
    Base.metadata.create_all(database.engine)
    with pytest.MonkeyPatch.context() as changes, Redis.from_url(url) as redis:
        # The task's module reads the settings when it is imported; its resources are passed to each call.
        for name, value in environment(tmp_path).items():
            changes.setitem(os.environ, name, value)
        for name in ("BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL"):
            changes.setenv(name, url)
        from tasks.notifications import push_batch

        yield lambda: Core(database, redis, push_batch)
    database.close()


def test_promises_hold_for_any_order_of_events(make_core: Callable[[], Core]) -> None:
    examples = int(os.environ.get("MODEL_EXAMPLES", "60"))
    run_state_machine_as_test(
        lambda: Promises(make_core()),
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,  # the time of a step depends on the machine
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_client_with_an_empty_history_learns_that_redis_lost_its_data(make_core: Callable[[], Core]) -> None:
    core = make_core()
    ann, bob, _ = core.users
    server, client = Server(core), InProcessClient(core, bob)
    client.connect(server)
    client.read()
    client.disconnect()
    core.follow(ann, bob)
    core.dispatch()

    core.redis.flushall()
    told = core.read_inbox(bob)  # on another client; this caches the unread count that Redis lost
    client.connect(server)
    client.read()

    assert set(client.memory.seen_at) == set(told)
