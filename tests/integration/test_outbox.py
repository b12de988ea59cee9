"""The outbox on both databases: a claim is exclusive, and is released when its process dies."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from app.events import FollowingNotify
from core import dead_letters, inbox, inbox_marks, outbox
from core.db import Database
from core.inbox_marks import Change
from dev.background import die_with_parent
from tests.rows import end_pauses
from tests.services import wait_until
from tests.system import ROOT

CLAIMER = """
import sys
from core.db import Database
from core import outbox
with outbox.claim(Database(sys.argv[1]), limit=10) as batch:
    print([row.id for row in batch.rows], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def waiting(database: Database, users: list[int]) -> list[int]:
    """The ids of four notifications, oldest first."""
    with database.transaction() as connection:
        for actor_id in users[1:]:
            inbox.add(connection, FollowingNotify(), recipient_id=str(users[0]), actor_id=str(actor_id))
        return sorted(row.id for row in inbox.page(connection, str(users[0]), limit=10, before=None))


def claimed(database: Database, *, limit: int = 10) -> list[int]:
    with outbox.claim(database, limit=limit) as batch:
        return [row.id for row in batch.rows]


@contextmanager
def another_claimer(database: Database) -> Iterator["subprocess.Popen[str]"]:
    """Another process that claims all rows, prints their ids, and holds the claim until it is killed."""
    url = database.engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", CLAIMER, url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    ) as process:
        yield process
        process.kill()


class TestClaim:
    def test_claimed_rows_are_locked_until_their_process_is_killed(
        self, database: Database, waiting: list[int]
    ) -> None:
        with another_claimer(database) as other:
            assert other.stdout
            assert other.stdout.readline().strip() == str(waiting)
            assert claimed(database) == []

            other.kill()

            wait_until(lambda: claimed(database) == waiting, seconds=20, what="the claim is released")

    def test_error_inside_a_claim_leaves_all_rows_waiting(self, database: Database, waiting: list[int]) -> None:
        with pytest.raises(ZeroDivisionError), outbox.claim(database, limit=10):
            raise ZeroDivisionError

        assert claimed(database) == waiting

    def test_failed_row_is_dead_lettered_and_redriven(self, database: Database, waiting: list[int]) -> None:
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

    def test_mark_read_does_not_wait_for_a_dispatch(
        self, database: Database, waiting: list[int], users: list[int]
    ) -> None:
        with outbox.claim(database, limit=10) as batch:
            with database.transaction() as connection:
                connection.execute(text("SET LOCAL lock_timeout = '1ms'"))
                assert inbox_marks.mark(connection, str(users[0]), waiting, Change(read=True))
            batch.mark(dispatched=waiting, failed=[])

        assert claimed(database) == []

    def test_two_concurrent_claims_get_different_rows(self, database: Database, waiting: list[int]) -> None:
        with outbox.claim(database, limit=2) as first, outbox.claim(database, limit=10) as second:
            assert [row.id for row in first.rows] == waiting[:2]
            assert [row.id for row in second.rows] == waiting[2:]
            assert claimed(database) == []
