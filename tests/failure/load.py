"""A steady rate of follows, each repeated until it is answered 201, and the clients of the users who are followed."""

import http.client
import itertools
import queue
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from sqlalchemy import insert, select

from app.models import ACTIVE
from app.models import User as UserRow
from core import tokens
from core.db import Database
from core.models import Notification
from tests.clients import Api, User
from tests.failure.cluster import Cluster
from tests.failure.simulated_client import SimulatedClient
from tests.services import wait_until

_FOLLOWERS = 300
_TARGETS = 4
_THREADS = 3
_PAUSE_SECONDS = 0.2  # of each thread, between two follows


@dataclass(frozen=True)
class Answer:
    """The answer to a follow: its status, or 0 when there was none."""

    asked_at: float
    seconds: float
    status: int


class Load:
    """Sends follows while the block lasts; `finish` waits until each follow that was sent is answered 201."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.answers: list[Answer] = []
        self.committed_at: dict[tuple[int, int], float] = {}  # by (follower, target)
        self.database = Database(cluster.system.env["DATABASE_URL"], pool_size=1)
        followers = self._sign_up(_FOLLOWERS)
        self.targets = self._sign_up(_TARGETS)
        api, urls = cluster.system.api, cluster.client_urls
        self.clients = [
            SimulatedClient(urls[i:] + urls[:i], user, api) for user in self.targets for i in range(len(urls))
        ]
        self.anonymous = SimulatedClient(urls, None, api)
        self._pairs: queue.SimpleQueue[tuple[User, User]] = queue.SimpleQueue()
        for pair in itertools.product(followers, self.targets):
            self._pairs.put(pair)
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._keep_following, daemon=True) for _ in range(_THREADS)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for client in (*self.clients, self.anonymous):
            client.close()
        self.database.close()

    def start(self) -> None:
        """Start when every client is live."""
        wait_until(lambda: all(client.memory.is_live for client in self.clients), seconds=20, what="clients connect")
        for thread in self._threads:
            thread.start()

    def finish(self, *, seconds: float) -> None:
        self._is_over.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))
            assert not thread.is_alive(), "a follow is still not answered 201"

    def next_pair(self) -> tuple[User, User]:
        """Return a follower and a target that no other call returns."""
        return self._pairs.get_nowait()

    def rows(self) -> list[tuple[int, int, int]]:
        """Return the (id, recipient, actor) of all notifications of this load's targets."""
        table = Notification
        targets = [str(target.id) for target in self.targets]
        mine = select(table.id, table.recipient_id, table.actor_id).where(
            table.recipient_id.in_(targets), table.event == "following notify"
        )
        self.database.close()  # its connection may have died with the database
        with self.database.reading() as connection:
            return [(row[0], int(row[1]), int(row[2])) for row in connection.execute(mine)]

    def unseen(self, rows: list[tuple[int, int, int]]) -> Iterator[tuple[SimulatedClient, int]]:
        """Yield each id that one of its recipient's clients has not seen."""
        for client in self.clients:
            assert client.user
            for row_id, recipient_id, actor_id in rows:
                is_committed = (actor_id, recipient_id) in self.committed_at
                if recipient_id == client.user.id and is_committed and row_id not in client.memory.seen_at:
                    yield client, row_id

    def _keep_following(self) -> None:
        api = Api(self.cluster.system.api.url)
        while not self._is_over.is_set():
            follower, target = self.next_pair()
            while self._follow(api, follower, target) != 201:
                time.sleep(0.1)
            self.committed_at[follower.id, target.id] = time.monotonic()
            self._is_over.wait(_PAUSE_SECONDS)

    def _follow(self, api: Api, follower: User, target: User) -> int:
        asked_at = time.monotonic()
        try:
            status = api.follow(follower, target)
        except (OSError, http.client.HTTPException):  # refused, reset, or broken off in the middle
            status = 0
        self.answers.append(Answer(asked_at, time.monotonic() - asked_at, status))
        return status

    def _sign_up(self, count: int) -> list[User]:
        """Insert users into the database: a sign-up hashes a password, which is slow on purpose."""
        names = [f"user-{uuid.uuid4().hex[:12]}" for _ in range(count)]
        fixed = {"password_hash": "none", "status": ACTIVE, "created_at": int(time.time())}
        new = insert(UserRow).returning(UserRow.id, UserRow.name)
        with self.database.transaction() as connection:
            rows = connection.execute(new, [{"name": name, **fixed} for name in names]).all()
        secret = self.cluster.system.secret
        return [User(row.id, row.name, tokens.sign(secret, user_id=row.id), "") for row in rows]
