"""Steady follows, each pair once and again until it is answered 201, and the devices of those who are followed."""

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

from app import events, tokens
from app.db import Database
from app.models import ACTIVE, Notification
from app.models import User as UserRow
from tests.clients import Api, User
from tests.failure.device import Device
from tests.failure.world import World
from tests.services import wait_until

_FOLLOWERS = 300
_TARGETS = 4
_THREADS = 3
_PAUSE_SECONDS = 0.2  # of each thread, between two follows


@dataclass(frozen=True)
class Answer:
    """What a follow was answered: a status, or 0 where there was no answer."""

    asked_at: float
    seconds: float
    status: int


class Load:
    """Follows while the block lasts; `finish` waits until each follow that was begun has its 201."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.answers: list[Answer] = []
        self.committed_at: dict[tuple[int, int], float] = {}  # by (follower, target)
        self.database = Database(world.system.env["DATABASE_URL"], pool_size=1)
        followers = self._sign_up(_FOLLOWERS)
        self.targets = self._sign_up(_TARGETS)
        api, urls = world.system.api, world.device_urls
        self.devices = [Device(urls[i:] + urls[:i], user, api) for user in self.targets for i in range(len(urls))]
        self.stranger = Device(urls, None, api)
        self._pairs: queue.SimpleQueue[tuple[User, User]] = queue.SimpleQueue()
        for pair in itertools.product(followers, self.targets):
            self._pairs.put(pair)
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._follow_for_ever, daemon=True) for _ in range(_THREADS)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for device in (*self.devices, self.stranger):
            device.close()
        self.database.close()

    def start(self) -> None:
        """Begin when the devices are there."""
        wait_until(lambda: all(device.memory.is_live for device in self.devices), seconds=20, what="devices connect")
        for thread in self._threads:
            thread.start()

    def finish(self, *, seconds: float) -> None:
        self._is_over.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))
            assert not thread.is_alive(), "a follow is still not answered 201"

    def next_pair(self) -> tuple[User, User]:
        """Return a follower and a target that nobody has used or will use."""
        return self._pairs.get_nowait()

    def rows(self) -> list[tuple[int, int, int]]:
        """Return the (id, recipient, actor) of all notifications of this load's targets."""
        table = Notification
        targets = [target.id for target in self.targets]
        mine = select(table.id, table.recipient_id, table.actor_id).where(
            table.recipient_id.in_(targets), table.event == events.FOLLOWING_NOTIFY
        )
        self.database.close()  # its connection may have died with the database
        with self.database.reading() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(mine)]

    def unseen(self, rows: list[tuple[int, int, int]]) -> Iterator[tuple[Device, int]]:
        """Yield each id that one of its recipient's devices has not seen."""
        for device in self.devices:
            assert device.user
            for row_id, recipient_id, actor_id in rows:
                is_committed = (actor_id, recipient_id) in self.committed_at
                if recipient_id == device.user.id and is_committed and row_id not in device.memory.seen_at:
                    yield device, row_id

    def _follow_for_ever(self) -> None:
        api = Api(self.world.system.api.url)
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
        """Put users straight into the database: a password's hash takes its time, on purpose."""
        names = [f"user-{uuid.uuid4().hex[:12]}" for _ in range(count)]
        fixed = {"password_hash": "none", "status": ACTIVE, "created_at": int(time.time())}
        new = insert(UserRow).returning(UserRow.id, UserRow.name)
        with self.database.transaction() as connection:
            rows = connection.execute(new, [{"name": name, **fixed} for name in names]).all()
        secret = self.world.system.secret
        return [User(row.id, row.name, tokens.sign(secret, user_id=row.id), "") for row in rows]
