"""The outbox on both databases: who claims gets it alone, and who dies gives it back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from app import events
from app.db import Database
from app.services import dead_letters, inbox, outbox
from tests.rows import end_pauses
from tests.services import _libc, wait_until
from tests.system import ROOT

CLAIMER = """
import sys
from app.db import Database
from app.services import outbox
with outbox.claim(Database(sys.argv[1]), limit=10) as batch:
    print([row.id for row in batch.rows], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def waiting(database: Database, users: list[int]) -> list[int]:
    """The ids of four notifications, oldest first."""
    with database.transaction() as connection:
        for actor_id in users[1:]:
            inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=users[0], actor_id=actor_id)
        return sorted(row.id for row in inbox.page(connection, users[0], limit=10, before=None))


def claimed(database: Database, *, limit: int = 10) -> list[int]:
    with outbox.claim(database, limit=limit) as batch:
        return [row.id for row in batch.rows]


@contextmanager
def another_claimer(database: Database) -> Iterator["subprocess.Popen[str]"]:
    """Another process that claims all there is, says so, and holds it until it dies."""
    url = database.engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", CLAIMER, url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: _libc.prctl(1, 9),
    ) as process:
        yield process
        process.kill()


class TestClaim:
    def test_what_another_holds_is_not_claimed_and_is_free_when_it_is_killed(
        self, database: Database, waiting: list[int]
    ) -> None:
        with another_claimer(database) as other:
            assert other.stdout
            assert other.stdout.readline().strip() == str(waiting)
            assert claimed(database) == []

            other.kill()

            wait_until(lambda: claimed(database) == waiting, seconds=20, what="the claim is free")

    def test_an_error_leaves_all_of_them_waiting(self, database: Database, waiting: list[int]) -> None:
        with pytest.raises(ZeroDivisionError), outbox.claim(database, limit=10):
            raise ZeroDivisionError

        assert claimed(database) == waiting

    def test_set_aside_and_redriven(self, database: Database, waiting: list[int]) -> None:
        for _ in range(20):
            with outbox.claim(database, limit=1) as batch:
                if batch.rows[0].id == waiting[0]:
                    batch.mark(dispatched=[], failed=[outbox.Failure(waiting[0], ValueError("bad"))])
            with database.transaction() as connection:
                end_pauses(connection)
        with database.reading() as connection:
            assert outbox.depth(connection)[::2] == (3, 1)
        assert claimed(database) == waiting[1:]

        with database.transaction() as connection:
            assert dead_letters.redrive(connection) == 1

        assert claimed(database) == waiting


class TestOnPostgreSQL:
    @pytest.fixture
    def database(self, postgres: Database) -> Database:
        return postgres

    def test_who_reads_does_not_wait_for_a_dispatch(
        self, database: Database, waiting: list[int], users: list[int]
    ) -> None:
        with outbox.claim(database, limit=10) as batch:
            with database.transaction() as connection:
                connection.execute(text("SET LOCAL lock_timeout = '1ms'"))
                assert inbox.mark_read(connection, users[0], ids=waiting)
            batch.mark(dispatched=waiting, failed=[])

        assert claimed(database) == []

    def test_two_at_once_get_different_rows(self, database: Database, waiting: list[int]) -> None:
        with outbox.claim(database, limit=2) as first, outbox.claim(database, limit=10) as second:
            assert [row.id for row in first.rows] == waiting[:2]
            assert [row.id for row in second.rows] == waiting[2:]
            assert claimed(database) == []
