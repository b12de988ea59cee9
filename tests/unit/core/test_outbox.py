"""The outbox on SQLite. tests/integration/test_outbox.py tests PostgreSQL, and claims of killed processes."""

import pytest
from sqlalchemy import Connection, select, update

from app.events import FollowingNotify
from core import dead_letters, inbox, outbox
from core.db import Database, unix_time
from core.models import Notification
from tests.rows import end_pauses

MOST_TRIES = 20  # any bound


@pytest.fixture
def waiting(database: Database, ann: str, bob: str) -> list[int]:
    """The ids of three notifications to bob."""
    with database.transaction() as connection:
        for _ in range(3):
            inbox.add(connection, FollowingNotify(), recipient_id=bob, actor_id=ann)
        return sorted(row.id for row in inbox.page(connection, bob, limit=10, before=None))


def claimed(database: Database, *, limit: int = 10) -> list[int]:
    with outbox.claim(database, limit=limit) as batch:
        return [row.id for row in batch.rows]


def fail(database: Database, notification_id: int) -> None:
    with outbox.claim(database, limit=10) as batch:
        batch.mark(dispatched=[], failed=[outbox.Failure(notification_id, ValueError("bad"))])


def fail_until_dead_lettered(database: Database, notification_id: int) -> None:
    for _ in range(MOST_TRIES):
        with outbox.claim(database, limit=10) as batch:
            if notification_id not in [row.id for row in batch.rows]:
                return
            batch.mark(dispatched=[], failed=[outbox.Failure(notification_id, ValueError("bad"))])
        with database.transaction() as connection:
            end_pauses(connection)
    pytest.fail("it is tried for ever")


class TestClaim:
    def test_claim_returns_the_oldest_rows_up_to_its_limit(self, database: Database, waiting: list[int]) -> None:
        assert claimed(database, limit=2) == waiting[:2]

    def test_dispatched_row_is_not_claimed_again(self, database: Database, waiting: list[int]) -> None:
        with outbox.claim(database, limit=10) as batch:
            batch.mark(dispatched=waiting[:2], failed=[])

        assert claimed(database) == waiting[2:]

    def test_error_inside_a_claim_leaves_all_rows_waiting(self, database: Database, waiting: list[int]) -> None:
        with pytest.raises(ZeroDivisionError), outbox.claim(database, limit=10):
            raise ZeroDivisionError

        assert claimed(database) == waiting

    def test_claim_does_not_block_other_writers(
        self, database: Database, ann: str, bob: str, waiting: list[int]
    ) -> None:
        with outbox.claim(database, limit=10) as batch:
            with database.transaction() as connection:
                inbox.add(connection, FollowingNotify(), recipient_id=ann, actor_id=bob)
            batch.mark(dispatched=waiting, failed=[])

        assert len(claimed(database)) == 1


class TestDeadLetter:
    def test_row_that_fails_too_often_does_not_block_others(self, database: Database, waiting: list[int]) -> None:
        fail_until_dead_lettered(database, waiting[0])

        assert claimed(database) == waiting[1:]
        with database.reading() as connection:
            assert outbox.depth(connection)[::2] == (2, 1)

    def test_dead_letter_stays_in_the_inbox(self, database: Database, bob: str, waiting: list[int]) -> None:
        fail_until_dead_lettered(database, waiting[0])

        with database.reading() as connection:
            assert waiting[0] in [row.id for row in inbox.page(connection, bob, limit=10, before=None)]

    def test_dead_letter_is_not_claimed(self, database: Database, waiting: list[int]) -> None:
        with outbox.claim(database, limit=10) as batch:
            batch.mark(dispatched=[], failed=[outbox.Failure(waiting[0], ValueError("bad"), is_final=True)])

        assert claimed(database) == waiting[1:]

    def test_redrive_resets_the_attempts(self, database: Database, waiting: list[int]) -> None:
        fail_until_dead_lettered(database, waiting[0])

        with database.transaction() as connection:
            assert dead_letters.redrive(connection) == 1
            assert dead_letters.redrive(connection) == 0

        with outbox.claim(database, limit=10) as batch:
            assert [(row.id, row.attempts) for row in batch.rows] == [(id, 0) for id in waiting]


class TestBackoff:
    def test_failed_row_is_not_due_at_once_and_others_are(self, database: Database, waiting: list[int]) -> None:
        fail(database, waiting[0])

        assert claimed(database) == waiting[1:]
        with database.reading() as connection:
            assert outbox.depth(connection)[::2] == (3, 0)

    def test_failed_row_is_due_after_its_pause(self, database: Database, waiting: list[int]) -> None:
        fail(database, waiting[0])
        with database.transaction() as connection:
            connection.execute(update(Notification).values(retry_at=unix_time()))

        assert claimed(database) == waiting

    def test_pauses_grow_by_the_clock_of_the_database(self, database: Database, waiting: list[int]) -> None:
        pauses = []
        for _ in range(4):
            fail(database, waiting[0])
            with database.transaction() as connection:
                pause = select(Notification.retry_at - unix_time()).where(Notification.id == waiting[0])
                pauses.append(connection.execute(pause).scalar_one())
                end_pauses(connection)

        assert pauses == sorted(pauses)
        assert 8 <= pauses[0] <= 15
        assert pauses[-1] >= 1798

    def test_redriven_row_is_due_at_once(self, database: Database, waiting: list[int]) -> None:
        fail_until_dead_lettered(database, waiting[0])
        with database.transaction() as connection:
            connection.execute(update(Notification).values(retry_at=unix_time() + 3600))
            dead_letters.redrive(connection, waiting[:2])

        assert claimed(database) == waiting[:2]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("bad"), "ValueError: bad"),
        (ValueError("two\nlines\0\x1b[31m\ud800"), "ValueError: two lines  [31m "),
        (ValueError("x" * 1000), "ValueError: " + "x" * 488),
    ],
    ids=["short", "not printable", "long"],
)
def test_failure_reason_is_one_short_line(error: Exception, reason: str) -> None:
    assert outbox.Failure(1, error).reason == reason


class TestDepth:
    def test_empty_outbox_has_no_depth(self, connection: Connection) -> None:
        assert outbox.depth(connection) == (0, 0, 0)

    def test_depth_counts_waiting_rows(self, database: Database, waiting: list[int]) -> None:
        with database.reading() as connection:
            count, oldest_seconds, dead_lettered = outbox.depth(connection)

        assert (count, dead_lettered) == (len(waiting), 0)
        assert 0 <= oldest_seconds < 60


def test_had_before_returns_users_with_a_dispatched_row(
    database: Database, ann: str, bob: str, waiting: list[int]
) -> None:
    with outbox.claim(database, limit=10) as batch:
        batch.mark(dispatched=waiting[:1], failed=[])

    with database.reading() as connection:
        assert outbox.had_before(connection, [ann, bob]) == [bob]
