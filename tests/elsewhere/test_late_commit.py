"""A notification that is committed after others with larger ids is not skipped."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.services import followings
from core.db import Database
from tests.clients import User
from tests.services import PostgreSQL, Service, wait_until
from tests.system import System

OPEN_SECONDS = 5  # more than two rounds of beat


@pytest.fixture(scope="module")
def system(postgresql: PostgreSQL, valkeys: Callable[[], Service], folder: Path) -> Iterator[System]:
    queue = valkeys().url
    queues = {"BROKER_URL": queue, "MESSAGE_QUEUE_URL": queue, "REDIS_URL": queue}
    with System(folder / "late", DATABASE_URL=postgresql.create_database(), **queues) as system:
        yield system


def inbox(system: System, user: User, before: int | None = None, limit: int = 2) -> list[int]:
    rest = f"&before={before}" if before else ""
    return [row["id"] for row in system.api.get(f"/v1_0/user/notifications?limit={limit}{rest}", user)[1]["results"]]


def test_late_commit_is_pushed_replayed_counted_and_listed(system: System) -> None:
    ann, slow, *quick = (system.user() for _ in range(6))
    client = system.client(ann)
    away = system.client(ann)
    with closing(Database(system.env["DATABASE_URL"])) as database, database.transaction() as connection:
        followings.follow(connection, follower_id=slow.id, target_id=ann.id)
        began = time.monotonic()
        assert [system.api.follow(user, ann) for user in quick] == [201] * 4
        early = [data["id"] for data in client.wait_for("following notify", 4)]
        away.wait_for("following notify", 4)
        away.close()
        newest = inbox(system, ann)
        assert newest == sorted(early)[:1:-1]
        read = system.api.post("/v1_0/user/notifications/read", {"up_to": max(early)}, ann)
        assert read == (200, {"unread_count": 0})
        time.sleep(max(0.0, OPEN_SECONDS - (time.monotonic() - began)))

    late = client.wait_for("following notify", 5, seconds=15)[-1]
    assert (late["user_id"], late["id"] < min(early)) == (slow.id, True)
    wait_until(
        lambda: client.of("unread")[-1:] == [{"count": 1, "unseen_count": 1}],
        seconds=10,
        what="the late notification is counted",
    )
    older = inbox(system, ann, before=newest[-1])
    assert (older, inbox(system, ann, before=older[-1])) == (sorted(early)[1::-1], [late["id"]])
    returned = system.client(ann, last_offset=away.last_offset)
    assert [data["id"] for data in returned.wait_for("following notify")] == [late["id"]]
    assert returned.wait_for("sync")[0]["recovered"]
    for each in (client, returned):
        each.close()
