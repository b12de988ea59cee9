"""Whatever happens, and in whatever order: everybody sees what was committed for them, each once, and nothing else."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from redis import Redis

from app.db import Database
from app.models import Base
from tests.failure.model import Core, Crash, Page, Server
from tests.services import Service
from tests.system import environment

SOMEBODY = st.integers(0, 2)
SERVER = st.integers(0, 1)
PLACE = st.sampled_from([("profiles", "get_many"), ("history", "append"), ("emitter", "push")])


class Promises(RuleBasedStateMachine):
    """The model: who follows whom, and for each user the actors of what they were told, and what is still unread."""

    def __init__(self, core: Core) -> None:
        super().__init__()
        self.core = core
        self.servers = [Server(core), Server(core)]
        self.pages: list[Page] = []
        self.following: set[tuple[int, int]] = set()
        self.told: dict[int, list[int]] = defaultdict(list)
        self.unread: dict[int, list[int]] = defaultdict(list)

    @rule(follower=SOMEBODY, followed=SOMEBODY)
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

    @rule(follower=SOMEBODY, followed=SOMEBODY)
    def unfollow(self, follower: int, followed: int) -> None:
        actor, user = self.core.users[follower], self.core.users[followed]
        self.core.unfollow(actor, user)
        self.following.discard((actor, user))

    @rule(who=SOMEBODY)
    def mark_read(self, who: int) -> None:
        user = self.core.users[who]
        self.core.mark_read(user)
        self.unread[user].clear()

    @rule(who=SOMEBODY)
    def look_into_the_inbox(self, who: int) -> None:
        assert len(self.core.read_inbox(self.core.users[who])) == len(self.told[self.core.users[who]])

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
                server.take(message)

    @rule()
    def lose_what_is_queued(self) -> None:
        """A message queue that is restarted has every server subscribe anew."""
        self.core.queue = []
        for server in self.servers:
            server.hear()

    @rule(which=SERVER)
    def go_deaf(self, which: int) -> None:
        self.servers[which].is_deaf = True

    @rule(which=SERVER)
    def hear_again(self, which: int) -> None:
        self.servers[which].hear()

    @rule(who=SOMEBODY, which=SERVER)
    def open_a_page(self, who: int, which: int) -> None:
        page = Page(self.core, self.core.users[who])
        page.come(self.servers[which])
        self.pages.append(page)

    @precondition(lambda self: self.pages)
    @rule(data=st.data(), which=SERVER)
    def move(self, data: st.DataObject, which: int) -> None:
        page = data.draw(st.sampled_from(self.pages))
        page.leave()
        page.come(self.servers[which])

    @precondition(lambda self: self.pages)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.pages)).leave()

    @precondition(lambda self: self.pages)
    @rule(data=st.data())
    def read_socket(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.pages)).read()

    @rule(which=SERVER)
    def restart_server(self, which: int) -> None:
        for page in self.pages:
            if page.is_open and page.server is self.servers[which]:
                page.leave()
        self.servers[which] = Server(self.core)

    @rule()
    def forget_everything(self) -> None:
        self.core.redis.flushall()

    @rule()
    def settle(self) -> None:
        """All is repaired: within a few rounds everybody has seen everything."""
        for server in self.servers:
            server.hear()
        for _ in range(4):
            while self.core.dispatch():
                pass
            self.deliver()
            for server in self.servers:
                server.wait_caught_up()
            for page in self.pages:
                if not page.is_open:
                    page.come(self.servers[0])
                page.read()
        self._check()

    def teardown(self) -> None:
        self.settle()

    def _check(self) -> None:
        assert self.core.waiting() == 0
        for user in self.core.users:
            assert self.core.actors_told(user) == self.told[user]
        for page in self.pages:
            assert set(page.memory.seen_at) == set(self.core.read_inbox(page.user_id))
            assert page.memory.disorders == []


@pytest.fixture
def make_core(tmp_path: Path, valkeys: Callable[[], Service]) -> Iterator[Callable[[], Core]]:
    url = valkeys().url
    database = Database(f"sqlite:///{tmp_path}/toutiao.sqlite3")
    Base.metadata.create_all(database.engine)
    with pytest.MonkeyPatch.context() as changes, Redis.from_url(url) as redis:
        # The task's module reads the settings when it is imported; what it works on is given to each call.
        for name, value in environment(tmp_path).items():
            changes.setitem(os.environ, name, value)
        for name in ("BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL"):
            changes.setenv(name, url)
        from tasks.notifications import push_batch

        yield lambda: Core(database, redis, push_batch)
    database.close()


def test_the_promises_hold_whatever_happens_in_whatever_order(make_core: Callable[[], Core]) -> None:
    examples = int(os.environ.get("MODEL_EXAMPLES", "60"))
    run_state_machine_as_test(
        lambda: Promises(make_core()),
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,  # how long a step takes says more of the machine than of the code
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_page_that_never_had_anything_is_told_that_redis_forgot(make_core: Callable[[], Core]) -> None:
    core = make_core()
    ann, bob, _ = core.users
    server, page = Server(core), Page(core, bob)
    page.come(server)
    page.read()
    page.leave()
    core.follow(ann, bob)
    core.dispatch()

    core.redis.flushall()
    told = core.read_inbox(bob)  # on another device; it keeps the unread count that Redis had forgotten
    page.come(server)
    page.read()

    assert set(page.memory.seen_at) == set(told)
