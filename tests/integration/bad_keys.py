"""A user with bad keys between two others, and what the tests of bad keys do to them."""

import json
import time

from redis import Redis

from core import counters
from core.history import Appended, Entry, Gap, History
from core.profiles import Profile

VICTIM, BEFORE, AFTER = "7", "6", "8"
KEY = f"user:{VICTIM}:history"


def append(history: History, *user_ids: str, number: int = 1) -> Appended:
    """Append one notification for each user, in one batch."""
    now = int(time.time())
    return history.append(
        [Entry.encode(number, user_id, "following notify", {"id": number}, now) for user_id in user_ids]
    )


def places(appended: Appended) -> list[tuple[str, str]]:
    """The previous offset and the own offset of each push."""
    return [(p[1].decode(), p[2].decode()) for p in (push.split(b"\0", 3) for push in appended.pushes)]


def numbers(gap: Gap) -> list[int]:
    return [json.loads(packet[2:])[1]["id"] for _, packet in gap.packets]


def repaired(redis: Redis, kind: str) -> int:
    [family] = [f for f in counters.Counters(redis).collect() if f.name == "toutiao_repaired_keys"]
    return next(int(sample.value) for sample in family.samples if sample.labels["kind"] == kind)


class Table:
    """The users of the database, and the ids that were loaded."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def load(self, user_ids: list[str]) -> dict[str, Profile]:
        self.asked += user_ids
        return {n: Profile(id=n, name="ann", photo=None, introduction=None) for n in user_ids}
