"""A worker learns by NOTIFY that another program has committed notifications."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from core.db import Database
from tasks.listener import Listener
from tests.pgbouncer import PgBouncer
from tests.services import PostgreSQL, running, wait_until

SOON = (0.05, 0.1)
LISTENERS = "FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN toutiao_push'"
NOTIFY = "SELECT pg_notify('toutiao_push', %s)"


class Work:
    """Counts how often it was called. `fails` makes it raise."""

    def __init__(self) -> None:
        self.count = 0
        self.fails = False

    def __call__(self) -> None:
        self.count += 1
        if self.fails:
            raise ValueError("Redis is away")

    def wait_for(self, count: int) -> None:
        wait_until(lambda: self.count >= count, seconds=20, what=f"{count} calls")


@pytest.fixture
def url(postgresql: PostgreSQL) -> str:
    return postgresql.create_database()


@pytest.fixture
def other(url: str) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """The connection of another program."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


@contextmanager
def listening(url: str, work: Callable[[], object]) -> Iterator[Listener]:
    listener = Listener(lambda: Database(url, pool_size=1), work, turn_seconds=SOON)
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


def test_work_is_called_when_listening_begins_and_after_each_commit(url: str, other: psycopg.Connection) -> None:
    work = Work()
    with listening(url, work):
        work.wait_for(1)
        for count in (2, 3):
            with other.transaction():
                other.execute(NOTIFY, [""])
                assert work.count == count - 1
            work.wait_for(count)


def test_a_rollback_and_another_schema_wake_nobody(url: str, other: psycopg.Connection) -> None:
    work = Work()
    with listening(url, work):
        work.wait_for(1)
        with suppress(ZeroDivisionError), other.transaction():
            other.execute(NOTIFY, [""])
            raise ZeroDivisionError
        other.execute(NOTIFY, ["another"])
        assert threading.Event().wait(0.3) is False
        assert work.count == 1

        other.execute(NOTIFY, ["public"])
        work.wait_for(2)


def test_work_that_fails_is_called_again(url: str, other: psycopg.Connection) -> None:
    work = Work()
    work.fails = True
    with listening(url, work):
        work.wait_for(1)
        other.execute(NOTIFY, [""])
        work.wait_for(2)


def test_many_commits_during_one_dispatch_become_one_more(url: str, other: psycopg.Connection) -> None:
    is_free = threading.Event()
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        if len(calls) == 2:
            is_free.wait(20)

    with listening(url, work):
        wait_until(lambda: len(calls) == 1, seconds=20, what="it listens")
        other.execute(NOTIFY, [""])
        wait_until(lambda: len(calls) == 2, seconds=20, what="a dispatch runs")
        for _ in range(50):
            other.execute(NOTIFY, [""])
        is_free.set()
        wait_until(lambda: len(calls) > 2, seconds=20, what="the next dispatch")
        assert threading.Event().wait(0.3) is False

    assert len(calls) < 10


def test_one_of_two_processes_listens_and_the_other_takes_over(url: str, other: psycopg.Connection) -> None:
    first, second = Work(), Work()
    with listening(url, first) as leader:
        first.wait_for(1)
        with listening(url, second):
            other.execute(NOTIFY, [""])
            first.wait_for(2)
            assert second.count == 0

            leader.stop()
            second.wait_for(1)
            other.execute(NOTIFY, [""])
            second.wait_for(2)


def test_it_listens_again_after_its_connection_was_ended(url: str, other: psycopg.Connection) -> None:
    work = Work()
    with listening(url, work):
        work.wait_for(1)
        other.execute(f"SELECT pg_terminate_backend(pid) {LISTENERS}")
        work.wait_for(2)
        other.execute(NOTIFY, [""])
        work.wait_for(3)


def test_stopping_ends_the_connection_soon(url: str, other: psycopg.Connection) -> None:
    work = Work()
    with listening(url, work):
        work.wait_for(1)
    wait_until(lambda: other.execute(f"SELECT {LISTENERS}").fetchall() == [], seconds=10, what="nobody listens")


@pytest.fixture
def pooler(folder: Path, postgresql: PostgreSQL) -> Iterator[PgBouncer]:
    yield from running(PgBouncer(folder / "listener-pgbouncer", postgresql, mode="transaction"))


def test_nothing_listens_through_a_pooler(
    pooler: PgBouncer, url: str, other: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work()
    with caplog.at_level(logging.INFO), listening(pooler.through(url), work):
        wait_until(lambda: "DATABASE_LISTEN_URL" in caplog.text, seconds=20, what="the log says what to do")
    assert work.count == 0
