"""The outbox on SQLite. tests/integration/test_outbox.py has it on PostgreSQL, and with claimers that die."""

import pytest
from sqlalchemy import Connection, select, update

from app import events
from app.db import Database, unix_time
from app.models import Notification
from app.services import dead_letters, inbox, outbox
from tests.rows import end_pauses

MOST_TRIES = 20  # bounded, whatever the bound


@pytest.fixture
def waiting(database: Database, ann: int, bob: int) -> list[int]:
    """The ids of three notifications to bob."""
    with database.transaction() as connection:
        for _ in range(3):
            inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=bob, actor_id=ann)
        return sorted(row.id for row in inbox.page(connection, bob, limit=10, before=None))


def claimed(database: Database, *, limit: int = 10) -> list[int]:
    with outbox.claim(database, limit=limit) as batch:
        return [row.id for row in batch.rows]


def fail(database: Database, notification_id: int) -> None:
    with outbox.claim(database, limit=10) as batch:
        batch.mark(dispatched=[], failed=[outbox.Failure(notification_id, ValueError("bad"))])


def fail_until_set_aside(database: Database, notification_id: int) -> None:
    for _ in range(MOST_TRIES):
        with outbox.claim(database, limit=10) as batch:
            if notification_id not in [row.id for row in batch.rows]:
                return
            batch.mark(dispatched=[], failed=[outbox.Failure(notification_id, ValueError("bad"))])
        with database.transaction() as connection:
            end_pauses(connection)
    pytest.fail("it is tried for ever")


class TestClaim:
    def test_the_oldest_come_first_as_many_as_asked_for(self, database: Database, waiting: list[int]) -> None:
        assert claimed(database, limit=2) == waiting[:2]

    def test_what_was_dispatched_is_not_claimed_again(self, database: Database, waiting: list[int]) -> None:
        with outbox.claim(database, limit=10) as batch:
            batch.mark(dispatched=waiting[:2], failed=[])

        assert claimed(database) == waiting[2:]

    def test_an_error_leaves_all_of_them_waiting(self, database: Database, waiting: list[int]) -> None:
        with pytest.raises(ZeroDivisionError), outbox.claim(database, limit=10):
            raise ZeroDivisionError

        assert claimed(database) == waiting

    def test_others_may_write_while_a_batch_is_being_pushed(
        self, database: Database, ann: int, bob: int, waiting: list[int]
    ) -> None:
        with outbox.claim(database, limit=10) as batch:
            with database.transaction() as connection:
                inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=ann, actor_id=bob)
            batch.mark(dispatched=waiting, failed=[])

        assert len(claimed(database)) == 1


class TestSetAside:
    def test_what_fails_too_often_holds_up_no_other(self, database: Database, waiting: list[int]) -> None:
        fail_until_set_aside(database, waiting[0])

        assert claimed(database) == waiting[1:]
        with database.reading() as connection:
            assert outbox.depth(connection)[::2] == (2, 1)

    def test_it_stays_in_the_inbox(self, database: Database, bob: int, waiting: list[int]) -> None:
        fail_until_set_aside(database, waiting[0])

        with database.reading() as connection:
            assert waiting[0] in [row.id for row in inbox.page(connection, bob, limit=10, before=None)]

    def test_what_has_failed_for_good_is_tried_no_more(self, database: Database, waiting: list[int]) -> None:
        with outbox.claim(database, limit=10) as batch:
            batch.mark(dispatched=[], failed=[outbox.Failure(waiting[0], ValueError("bad"), is_final=True)])

        assert claimed(database) == waiting[1:]

    def test_a_redrive_tries_it_as_often_as_before(self, database: Database, waiting: list[int]) -> None:
        fail_until_set_aside(database, waiting[0])

        with database.transaction() as connection:
            assert dead_letters.redrive(connection) == 1
            assert dead_letters.redrive(connection) == 0

        with outbox.claim(database, limit=10) as batch:
            assert [(row.id, row.attempts) for row in batch.rows] == [(id, 0) for id in waiting]


class TestPause:
    def test_what_has_failed_is_not_due_at_once_and_the_others_are(
        self, database: Database, waiting: list[int]
    ) -> None:
        fail(database, waiting[0])

        assert claimed(database) == waiting[1:]
        with database.reading() as connection:
            assert outbox.depth(connection)[::2] == (3, 0)

    def test_it_is_due_when_the_pause_is_over(self, database: Database, waiting: list[int]) -> None:
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

    def test_a_redrive_makes_it_due_at_once(self, database: Database, waiting: list[int]) -> None:
        fail_until_set_aside(database, waiting[0])
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
def test_a_reason_is_one_short_line(error: Exception, reason: str) -> None:
    assert outbox.Failure(1, error).reason == reason


class TestDepth:
    def test_an_empty_outbox(self, connection: Connection) -> None:
        assert outbox.depth(connection) == (0, 0, 0)

    def test_it_counts_what_waits(self, database: Database, waiting: list[int]) -> None:
        with database.reading() as connection:
            count, oldest_seconds, set_aside = outbox.depth(connection)

        assert (count, set_aside) == (len(waiting), 0)
        assert 0 <= oldest_seconds < 60


def test_who_was_told_of_something_before(database: Database, ann: int, bob: int, waiting: list[int]) -> None:
    with outbox.claim(database, limit=10) as batch:
        batch.mark(dispatched=waiting[:1], failed=[])

    with database.reading() as connection:
        assert outbox.had_before(connection, [ann, bob]) == [bob]
