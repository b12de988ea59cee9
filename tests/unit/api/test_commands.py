"""What an operator sees of the outbox, and does with dead letters."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from app import events
from app.db import Database
from app.factory import create_app
from app.models import Notification
from app.services import inbox, outbox
from tests.rows import write_notification
from tests.services import free_port, wait_until
from tests.system import on_redis

Outbox = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Outbox:
    """Run `flask outbox ...`."""
    return lambda *arguments: app.test_cli_runner().invoke(args=["outbox", *map(str, arguments)])


@pytest.fixture
def waiting(database: Database, ann: int, bob: int) -> int:
    with database.transaction() as connection:
        return write_notification(connection, bob, ann)


@pytest.fixture
def dead(database: Database, ann: int, bob: int) -> list[int]:
    """The ids of two dead letters to bob."""
    with database.transaction() as connection:
        written = [write_notification(connection, bob, ann, data=data) for data in ('{"n": 1e999}', "[1]")]
    with outbox.claim(database, limit=100) as batch:
        batch.mark(dispatched=[], failed=[outbox.Failure(id, ValueError("no\nline"), is_final=True) for id in written])
    return written


def counts(database: Database) -> tuple[int, int]:
    with database.reading() as connection:
        waiting, _, set_aside = outbox.depth(connection)
    return waiting, set_aside


class TestShow:
    def test_without_an_id_it_counts(self, run: Outbox, dead: list[int], waiting: int) -> None:
        shown = run("show")

        assert shown.exit_code == 0
        assert [line for line in shown.output.splitlines() if "oldest" not in line] == ["waiting: 1", "set_aside: 2"]

    def test_one_is_shown_in_full(self, run: Outbox, database: Database, ann: int, bob: int) -> None:
        with database.transaction() as connection:
            inbox.add(connection, events.FOLLOWING_NOTIFY, recipient_id=bob, actor_id=ann, data={"a": [1, "ä"]})

        with database.reading() as connection:
            [notification_id] = connection.execute(select(Notification.id)).scalars()

        shown = json.loads(run("show", notification_id).output)

        assert shown.pop("created_at") > 0
        assert shown == {
            "id": notification_id,
            "event": "following notify",
            "actor_id": ann,
            "recipient_id": bob,
            "data": {"a": [1, "ä"]},
            "read_at": None,
            "dispatched_at": None,
            "attempts": 0,
            "retry_at": None,
            "set_aside_at": None,
            "failure_reason": None,
        }

    def test_data_that_is_invalid_is_shown_as_it_stands(self, run: Outbox, dead: list[int]) -> None:
        shown = json.loads(run("show", dead[0]).output)

        assert (shown["data"], shown["failure_reason"]) == ('{"n": 1e999}', "ValueError: no line")

    def test_one_that_is_not_there(self, run: Outbox) -> None:
        shown = run("show", 7)

        assert (shown.exit_code, shown.output) == (1, "Error: there is no notification 7\n")


class TestList:
    def test_dead_letters_with_their_reasons_newest_first(
        self, run: Outbox, bob: int, dead: list[int], waiting: int
    ) -> None:
        heading, *lines = run("list").output.splitlines()

        assert heading.split() == ["id", "recipient", "event", "attempts", "since", "reason"]
        assert [line.split()[:2] for line in lines] == [[str(id), str(bob)] for id in reversed(dead)]
        assert all(line.endswith("Z  ValueError: no line") for line in lines)

    def test_as_many_as_asked_for(self, run: Outbox, dead: list[int]) -> None:
        assert len(run("list", "--limit", 1).output.splitlines()) == 2

    def test_none(self, run: Outbox, waiting: int) -> None:
        assert run("list").output == "there are no dead letters\n"

    def test_what_another_program_wrote_does_not_command_the_terminal(
        self, run: Outbox, database: Database, ann: int, bob: int
    ) -> None:
        with database.transaction() as connection:
            write_notification(connection, bob, ann, event="\x1b[31m", set_aside_at=1, failure_reason="\x1b[31m\nred")

        output = run("list").output

        assert "\x1b" not in output
        assert len(output.splitlines()) == 2


class TestRedrive:
    def test_all(self, run: Outbox, database: Database, asked: list[str], dead: list[int]) -> None:
        done = run("redrive")

        assert (done.exit_code, done.output) == (0, "2 notifications are in the outbox again\n")
        assert counts(database) == (2, 0)
        wait_until(lambda: asked == [events.DISPATCH_TASK], seconds=10, what="a dispatch is asked for")

    def test_one(self, run: Outbox, database: Database, dead: list[int]) -> None:
        assert run("redrive", dead[0]).exit_code == 0

        assert counts(database) == (1, 1)

    def test_one_that_is_no_dead_letter(self, run: Outbox, database: Database, dead: list[int], waiting: int) -> None:
        done = run("redrive", dead[0], waiting)

        assert done.exit_code == 1
        assert "1 notifications are in the outbox again" in done.output
        assert "Error: 1 of the given ids: no such notification, or it has not failed" in done.output
        assert counts(database) == (2, 1)


class TestDiscard:
    def test_it_leaves_the_outbox_and_stays_in_the_inbox(
        self, run: Outbox, database: Database, bob: int, dead: list[int]
    ) -> None:
        done = run("discard", dead[0])

        assert (done.exit_code, done.output) == (0, f"notification {dead[0]} is discarded\n")
        assert counts(database) == (0, 1)
        with database.reading() as connection:
            assert dead[0] in [row.id for row in inbox.page(connection, bob, limit=9, before=None)]
        assert json.loads(run("show", dead[0]).output)["failure_reason"]

    @pytest.mark.parametrize("id", [1, 999])
    def test_only_dead_letters(self, run: Outbox, database: Database, waiting: int, id: int) -> None:
        done = run("discard", id)

        assert (done.exit_code, done.output) == (1, f"Error: notification {id} is not a dead letter\n")
        assert counts(database) == (1, 0)


@pytest.mark.parametrize(
    "command", [["show"], ["show", "1"], ["list"], ["redrive"], ["redrive", "1"], ["discard", "1"]]
)
@pytest.mark.parametrize(
    "database_url",
    [f"postgresql+psycopg://ann:secret@127.0.0.1:{free_port()}/x", "sqlite:////no/such/folder/file"],
    ids=["postgresql", "sqlite"],
)
def test_while_the_database_is_unavailable_each_says_so_in_one_line(
    away: str, command: list[str], database_url: str
) -> None:
    urls = on_redis(away)
    app = create_app({"DATABASE_URL": database_url, "JWT_SECRET": "s" * 32, **urls})

    done = app.test_cli_runner().invoke(args=["outbox", *command])

    assert done.exit_code == 1
    [line] = done.output.splitlines()
    assert line.startswith("Error: the database is unavailable: ")
    assert "secret" not in line
