"""An API process lets no revoked token in: not while it starts, and not while Redis has lost what it knew."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import cast

import pytest

from core import revocations
from core.cache import RedisError
from core.db import UNAVAILABLE, Database
from core.revocation_mirror import RevocationMirror
from core.revocation_stream import BEGINNING, Read, RevocationStream
from core.revoked_tokens import Revocation
from core.tokens import Claims

REVOKED = Revocation("7", created_at=100, issued_until=100)
LATER = Revocation("8", created_at=101, issued_until=101)


class FakeStream:
    """A stream in one server of Redis, with entries by position."""

    def __init__(self, **entries: Revocation) -> None:
        self.name = "first"
        self.filled_on: str | None = "first"
        self.entries = {name.removeprefix("at_"): entry for name, entry in entries.items()}
        self.asked = Event()
        self.answers = Event()
        self.answers.set()
        self.calls = 0
        self.is_away = False

    def server(self) -> str:
        self.calls += 1
        self.asked.set()
        self.answers.wait(10)
        if self.is_away:
            raise RedisError("away")
        return self.name

    def read(self, position: str) -> Read:
        start = -1 if position == BEGINNING else int(position)
        found = {at: entry for at, entry in self.entries.items() if int(at) > start}
        return Read(list(found.values()), max(found, default=position), self.filled_on, is_last=True)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def mirror_of(stream: FakeStream, database: Database, clock: Clock) -> RevocationMirror:
    return RevocationMirror(cast(RevocationStream, stream), database, clock=clock)


def claims(user_id: str = "7") -> Claims:
    return Claims(user_id, issued_at=1, expires_at=2e9, token_id="t", family="f")


def test_every_request_waits_for_the_first_read(database: Database, clock: Clock) -> None:
    stream = FakeStream(at_1=REVOKED)
    stream.answers.clear()
    mirror = mirror_of(stream, database, clock)

    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(mirror.is_revoked, claims())
        assert stream.asked.wait(10)
        others = [threads.submit(mirror.is_revoked, claims()) for _ in range(2)]
        stream.answers.set()

        assert all(request.result(10) for request in (first, *others))


def test_failed_first_read_is_not_repeated_by_each_request(clock: Clock) -> None:
    stream = FakeStream()
    stream.is_away = True
    mirror = mirror_of(stream, Database("postgresql+psycopg://a:b@127.0.0.1:1/c"), clock)

    for _ in range(3):
        with pytest.raises(UNAVAILABLE):
            mirror.is_revoked(claims())
    assert stream.calls == 1

    clock.now += 1
    stream.is_away = False
    assert not mirror.is_revoked(claims())


def test_server_whose_clock_is_behind_is_read_from_the_beginning(database: Database, clock: Clock) -> None:
    stream = FakeStream(at_9=REVOKED)
    mirror = mirror_of(stream, database, clock)
    assert mirror.is_revoked(claims())

    stream.name = stream.filled_on = "second"
    stream.entries = {"5": REVOKED, "6": LATER}
    clock.now += 1

    assert mirror.is_revoked(claims("8"))


def test_database_is_read_until_a_worker_has_filled_redis(database: Database, clock: Clock) -> None:
    stream = FakeStream()
    stream.filled_on = None
    with database.transaction() as connection:
        revocations.revoke_user(connection, "7")
    mirror = mirror_of(stream, database, clock)
    assert mirror.is_revoked(claims())

    stream.filled_on = "first"
    stream.entries = {"1": LATER}
    clock.now += 1

    assert mirror.is_revoked(claims("8"))
