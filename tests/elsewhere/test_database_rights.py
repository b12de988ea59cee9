"""A PostgreSQL that lacks tables or rights: callers get 503, and the operator is told what is missing."""

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.api.task_requests import TaskRequests
from app.factory import create_app
from app.models import Base
from core import database_faults, tokens
from core.db import Database
from core.log import OnceAMinute
from dev.ports import find_free
from tests.services import PostgreSQL, Service, wait_until
from tests.system import System

SECRET = "a secret that only the tests use"
GRANT = "GRANT {} ON ALL {} IN SCHEMA public TO {}"


@pytest.fixture
def url(postgresql: PostgreSQL) -> str:
    return postgresql.create_database()


@pytest.fixture
def owner(url: str) -> Iterator[Database]:
    with closing(Database(url)) as database:
        yield database


@pytest.fixture(autouse=True)
def told_nothing_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_faults, "_reported", OnceAMinute())


@pytest.fixture
def client_of() -> Iterator[Callable[[str], FlaskClient]]:
    """Make a client of an API on a database."""
    apps = []

    def make(url: str) -> FlaskClient:
        away = f"redis://127.0.0.1:{find_free()}/0"
        queues = {"BROKER_URL": away, "MESSAGE_QUEUE_URL": away, "REDIS_URL": away}
        app = create_app({"DATABASE_URL": url, "JWT_SECRET": SECRET, **queues})
        quiet = TaskRequests(away, send=lambda _task, _arguments: None)
        app.extensions["toutiao"] = replace(app.extensions["toutiao"], tasks=quiet)
        apps.append(app)
        return app.test_client()

    yield make
    for app in apps:
        app.extensions["toutiao"].database.close()
        app.extensions["toutiao"].redis.close()


@pytest.fixture
def limited(url: str, owner: Database, client_of: Callable[[str], FlaskClient]) -> Callable[..., FlaskClient]:
    """Make a client of an API whose database user has only the granted rights."""

    def make(*grants: str) -> FlaskClient:
        role = f"news_{uuid.uuid4().hex[:8]}"
        Base.metadata.create_all(owner.engine)
        columns = "id, name, password_hash, status, created_at"
        people = f"INSERT INTO users ({columns}) SELECT n, n, '', 1, 0 FROM generate_series(1, 2) AS n"
        run(owner, people, f"CREATE ROLE {role} LOGIN", *(grant.format(role=role) for grant in grants))
        return client_of(url.replace("toutiao@", f"{role}@"))

    return make


def run(database: Database, *statements: str) -> None:
    with database.transaction() as connection:
        for statement in statements:
            connection.execute(text(statement))


def follow(client: FlaskClient) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {tokens.sign(SECRET, user_id=1)}"}
    answer = client.post("/v1_0/user/followings", json={"target": 2}, headers=headers)
    return answer.status_code, answer.json.get("message", "")


def readyz(client: FlaskClient) -> tuple[int, str]:
    answer = client.get("/readyz")
    return answer.status_code, answer.text.splitlines()[0]


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


class TestNotMigrated:
    def test_calls_answer_503_and_the_log_names_the_remedy_once(
        self, url: str, client_of: Callable[[str], FlaskClient], caplog: pytest.LogCaptureFixture
    ) -> None:
        client = client_of(url)

        assert {follow(client) for _ in range(5)} == {(503, "the database is not ready for this version, try again")}

        [told] = errors(caplog)
        assert told.endswith("Remedy: run alembic upgrade head")
        status, line = readyz(client)
        assert (status, line.partition("(")[0]) == (
            503,
            "database: lacks tables or columns of this version: run alembic upgrade head ",
        )
        assert "toutiao_outbox_waiting NaN" in client.get("/metrics").text

    def test_missing_column_is_named(self, url: str, owner: Database, client_of: Callable[[str], FlaskClient]) -> None:
        Base.metadata.create_all(owner.engine)
        client = client_of(url)
        assert readyz(client) == (200, "database: ok")

        run(owner, "ALTER TABLE notifications DROP COLUMN failure_reason")

        status, line = readyz(client)
        assert status == 503
        assert "failure_reason" in line


class TestRights:
    @pytest.mark.parametrize(
        ("granted", "missing"),
        [
            ((), "permission denied for table"),
            (("SELECT", "UPDATE"), "permission denied for table"),
            (("SELECT", "INSERT"), "permission denied for table"),
            (("SELECT", "INSERT", "UPDATE"), "permission denied for a sequence"),
        ],
    )
    def test_missing_right_is_named(
        self,
        limited: Callable[..., FlaskClient],
        granted: tuple[str, ...],
        missing: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        client = limited(*(GRANT.format(right, "TABLES", "{role}") for right in granted))

        status, line = readyz(client)

        assert (status, line.startswith("database: lacks rights: GRANT")) == (503, True)
        assert missing in line
        assert {follow(client) for _ in range(5)} == {(503, "the database is not ready, try again")}
        [told] = errors(caplog)
        assert "Remedy: GRANT" in told

    def test_rights_of_the_remedy_are_sufficient(self, limited: Callable[..., FlaskClient]) -> None:
        rights = (
            GRANT.format("SELECT, INSERT, UPDATE", "TABLES", "{role}"),
            GRANT.format("USAGE", "SEQUENCES", "{role}"),
        )

        client = limited(*rights)

        assert readyz(client) == (200, "database: ok")
        assert follow(client)[0] == 201


class TestWorker:
    def test_heartbeat_file_and_log_name_what_is_missing(
        self, url: str, owner: Database, folder: Path, valkeys: Callable[[], Service]
    ) -> None:
        queue = valkeys().url
        queues = {"BROKER_URL": queue, "MESSAGE_QUEUE_URL": queue, "REDIS_URL": queue}
        file = folder / "rights-heartbeat"
        settings = {**queues, "DATABASE_URL": url, "HEARTBEAT_FILE": str(file)}
        with System(folder / "rights", im_servers=0, **settings) as system:
            wait_until(lambda: says(file) == "database: ok\n", seconds=20, what="the worker can work")

            run(owner, "ALTER TABLE notifications RENAME TO gone")

            lacks = "database: lacks tables or columns of this version\n"
            wait_until(lambda: says(file) == lacks, seconds=20, what="the worker can't work")
            assert system.processes["worker"].says("Remedy: run alembic upgrade head")

            run(owner, "ALTER TABLE gone RENAME TO notifications")

            wait_until(lambda: says(file) == "database: ok\n", seconds=20, what="the worker can work again")


def says(file: Path) -> str:
    return file.read_text() if file.exists() else ""
