"""The commands with which an operator inspects the outbox and handles dead letters."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from app.factory import create_app
from core import events, inbox, outbox
from core.db import Database
from core.models import Notification
from dev.ports import find_free
from tests.rows import write_notification
from tests.services import wait_until
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
        waiting, _, dead_lettered = outbox.depth(connection)
    return waiting, dead_lettered


class TestShow:
    def test_show_without_an_id_prints_counts(self, run: Outbox, dead: list[int], waiting: int) -> None:
        shown = run("show")

        assert shown.exit_code == 0
        assert [line for line in shown.output.splitlines() if "oldest" not in line] == ["waiting: 1", "dead_letters: 2"]

    def test_show_prints_every_field(self, run: Outbox, database: Database, ann: int, bob: int) -> None:
        with database.transaction() as connection:
            write_notification(connection, bob, ann, data='{"a": [1, "ä"]}')

        with database.reading() as connection:
            [notification_id] = connection.execute(select(Notification.id)).scalars()

        shown = json.loads(run("show", notification_id).output)

        assert shown.pop("created_at") > 0
        assert shown == {
            "id": notification_id,
            "event": "following notify",
            "actor_id": str(ann),
            "recipient_id": str(bob),
            "data": {"a": [1, "ä"]},
            "seen_at": None,
            "read_at": None,
            "dispatched_at": None,
            "withdrawn_at": None,
            "attempts": 0,
            "retry_at": None,
            "dead_lettered_at": None,
            "not_sent": None,
            "failure_reason": None,
        }

    def test_show_prints_invalid_data_unchanged(self, run: Outbox, dead: list[int]) -> None:
        shown = json.loads(run("show", dead[0]).output)

        assert (shown["data"], shown["failure_reason"]) == ('{"n": 1e999}', "ValueError: no line")

    def test_show_of_an_unknown_id_fails(self, run: Outbox) -> None:
        shown = run("show", 7)

        assert (shown.exit_code, shown.output) == (1, "Error: there is no notification 7\n")


class TestList:
    def test_list_prints_dead_letters_newest_first(self, run: Outbox, bob: int, dead: list[int], waiting: int) -> None:
        heading, *lines = run("list").output.splitlines()

        assert heading.split() == ["id", "recipient", "event", "attempts", "state", "at", "reason"]
        assert [line.split()[:2] for line in lines] == [[str(id), str(bob)] for id in reversed(dead)]
        assert all(line.endswith("Z  ValueError: no line") for line in lines)

    def test_list_respects_its_limit(self, run: Outbox, dead: list[int]) -> None:
        assert len(run("list", "--limit", 1).output.splitlines()) == 2

    def test_list_without_failures_says_so(self, run: Outbox, waiting: int) -> None:
        assert run("list").output == "nothing has failed\n"

    def test_list_prints_what_waits_for_its_next_attempt_after_the_dead_letters(
        self, run: Outbox, database: Database, dead: list[int], waiting: int
    ) -> None:
        with outbox.claim(database, limit=100) as batch:
            batch.mark(dispatched=[], failed=[outbox.Failure(waiting, ValueError("unknown"))])

        lines = run("list").output.splitlines()[1:]

        assert [line.split()[0] for line in lines] == [str(id) for id in [*reversed(dead), waiting]]
        assert " waits " in lines[-1]
        assert lines[-1].endswith("ValueError: unknown")

    def test_list_escapes_control_characters(self, run: Outbox, database: Database, ann: int, bob: int) -> None:
        with database.transaction() as connection:
            write_notification(connection, bob, ann, event="\x1b[31m", set_aside_at=1, failure_reason="\x1b[31m\nred")

        output = run("list").output

        assert "\x1b" not in output
        assert len(output.splitlines()) == 2


class TestRedrive:
    def test_redrive_all_makes_every_dead_letter_due(
        self, run: Outbox, database: Database, asked: list[str], dead: list[int]
    ) -> None:
        done = run("redrive")

        assert (done.exit_code, done.output) == (0, "notifications that are in the outbox again: 2\n")
        assert counts(database) == (2, 0)
        wait_until(lambda: asked == [events.DISPATCH_TASK], seconds=10, what="a dispatch is requested")

    def test_redrive_of_an_id_makes_only_it_due(self, run: Outbox, database: Database, dead: list[int]) -> None:
        assert run("redrive", dead[0]).exit_code == 0

        assert counts(database) == (1, 1)

    def test_redrive_of_another_row_fails(self, run: Outbox, database: Database, dead: list[int], waiting: int) -> None:
        done = run("redrive", dead[0], waiting)

        assert done.exit_code == 1
        assert "notifications that are in the outbox again: 1" in done.output
        assert "Error: 1 of the given ids: no such notification, or it has not failed" in done.output
        assert counts(database) == (2, 1)


class TestDiscard:
    def test_discarded_row_leaves_the_outbox_and_stays_in_the_inbox(
        self, run: Outbox, database: Database, bob: int, dead: list[int]
    ) -> None:
        done = run("discard", dead[0])

        assert (done.exit_code, done.output) == (0, f"notification {dead[0]} is discarded\n")
        assert counts(database) == (0, 1)
        with database.reading() as connection:
            assert dead[0] in [row.id for row in inbox.page(connection, str(bob), limit=9, before=None)]
        assert json.loads(run("show", dead[0]).output)["failure_reason"]

    @pytest.mark.parametrize("id", [1, 999])
    def test_discard_of_another_row_fails(self, run: Outbox, database: Database, waiting: int, id: int) -> None:
        done = run("discard", id)

        assert (done.exit_code, done.output) == (1, f"Error: notification {id} is not a dead letter\n")
        assert counts(database) == (1, 0)


@pytest.mark.parametrize(
    "command", [["show"], ["show", "1"], ["list"], ["redrive"], ["redrive", "1"], ["discard", "1"]]
)
@pytest.mark.parametrize(
    "database_url",
    [f"postgresql+psycopg://ann:secret@127.0.0.1:{find_free()}/x", "sqlite:////no/such/folder/file"],
    ids=["postgresql", "sqlite"],
)
def test_each_command_reports_an_unavailable_database_in_one_line(
    away: str, command: list[str], database_url: str
) -> None:
    urls = on_redis(away)
    app = create_app({"DATABASE_URL": database_url, "JWT_SECRET": "a secret that only the tests use", **urls})

    done = app.test_cli_runner().invoke(args=["outbox", *command])

    assert done.exit_code == 1
    [line] = done.output.splitlines()
    assert line.startswith("Error: the database is unavailable: ")
    assert "secret" not in line
