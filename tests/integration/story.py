"""Ann, whom the others follow, and what a dispatch of it works on."""

import json
from typing import Any

from redis import Redis

from app.services import accounts, followings, relations
from core import dispatch_state, outbox, wire
from core.counters import Counters
from core.db import Database
from core.epochs import Epochs
from core.history import EMPTY, History
from core.profiles import UserProfileCache
from core.unread import UnreadCache
from core.wire import Audience
from tests.rows import end_pauses


class FakeEmitter:
    """A message queue in a list."""

    def __init__(self) -> None:
        self.pushed: list[bytes] = []

    def push(self, pushes: Any) -> None:
        self.pushed += pushes


class Story:
    """Ann is followed by the others; what a dispatch works on."""

    def __init__(self, database: Database, redis: Redis, users: list[int]) -> None:
        def load(user_ids: list[str]) -> Any:
            with database.reading() as connection:
                return accounts.load_profiles(connection, user_ids)

        self.redis, self.database = redis, database
        ann, *self.others = users
        self.ann = str(ann)
        self.emitter = FakeEmitter()
        self.history = History(redis, length=1000, seconds=3600)
        self.parts: dict[str, Any] = {
            "database": database,
            "profiles": UserProfileCache(redis, load),
            "epochs": Epochs(redis),
            "history": self.history,
            "unread": UnreadCache(redis),
            "counters": Counters(redis),
            "knows": relations.load_known,
            "emitter": self.emitter,
        }
        with database.transaction() as connection:
            dispatch_state.establish(connection, self.parts["epochs"])
        for other in self.others:
            with database.transaction() as connection:
                followings.follow(connection, follower_id=other, target_id=ann)

    def resources(self, **changes: object) -> Any:
        from tasks.resources import Resources

        return Resources(**{**self.parts, **changes})

    def replayed(self) -> list[dict[str, Any]]:
        """Return what a socket without groups gets when it connects."""
        packets = [packet for _, packet in self.history.read_after(self.ann, EMPTY).packets]
        return [json.loads(packet[2:])[1] for packet in packets if wire.audience(packet) is not Audience.GROUPS]

    def pushed(self) -> list[bytes]:
        """Return the pushes, without those that are only for sockets with groups."""
        return [push for push in self.emitter.pushed if wire.audience(push.split(b"\0", 3)[3]) is not Audience.GROUPS]

    def waiting(self) -> int:
        with self.database.reading() as connection:
            return outbox.depth(connection)[0]

    def attempts(self) -> set[int]:
        """Return the attempts of those that wait, and end their pauses."""
        with self.database.transaction() as connection:
            end_pauses(connection)
        with outbox.claim(self.database, limit=100) as batch:
            return {row.attempts for row in batch.rows}
