"""Environments that other programs change: variables of orchestrators, and databases of another encoding."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.models import Base
from app.services import accounts
from core.db import Database
from core.settings import SettingsError
from dev.ports import find_free
from tests.clients import status
from tests.services import PostgreSQL, Service, wait_until
from tests.system import BIN, ROOT, Process, System, environment, on_redis

LINKS = {f"{name}_PORT": f"tcp://10.0.0.{n}:80" for n, name in enumerate(("API", "IM", "FLOWER", "REDIS"), start=1)}


@pytest.fixture(scope="module")
def linked(folder: Path, valkeys: Callable[[], Service]) -> Iterator[System]:
    urls = on_redis(valkeys().url)
    with System(folder / "linked", **urls, **LINKS) as system:
        yield system


class TestServiceLinks:
    """The variables that Kubernetes sets in each container for services named api, im, flower and redis."""

    def test_system_starts_and_pushes_despite_service_links(self, linked: System) -> None:
        ann, bob = linked.user(), linked.user()
        client = linked.client(bob)
        client.wait_for("sync")

        assert linked.api.follow(ann, bob) == 201

        assert client.wait_for("following notify")[0]["user_id"] == ann.id
        client.close()

    def test_flower_starts_despite_service_links(self, linked: System) -> None:
        port = find_free()
        command = [sys.executable, "-m", "celery", "-A", "tasks", "flower", f"--port={port}"]

        flower = Process(command, {**linked.env, "FLOWER_BASIC_AUTH": "admin:secret"}, linked.folder / "flower.log")

        try:
            url = f"http://127.0.0.1:{port}/healthcheck"
            wait_until(lambda: status(url) == 200, seconds=40, what="Flower answers")
        finally:
            flower.kill()


STARTS = {
    "alembic": [str(BIN / "alembic"), "upgrade", "head"],
    "api": [sys.executable, "-c", "import app.wsgi"],
    "worker": [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-c", "1"],
}


class TestDatabase:
    """A database of another encoding, and a machine with another client encoding."""

    @pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
    def test_database_of_another_encoding_is_refused(self, postgresql: PostgreSQL, encoding: str) -> None:
        with (
            closing(Database(postgresql.create_database(encoding))) as database,
            pytest.raises(SettingsError, match=f"DATABASE_URL: the database has the encoding {encoding}"),
        ):
            database.check()

    @pytest.mark.parametrize("process", STARTS)
    def test_process_ends_with_the_refusal(self, folder: Path, postgresql: PostgreSQL, process: str) -> None:
        url = postgresql.create_database("SQL_ASCII")
        away = on_redis("redis://127.0.0.1:1/0")
        env = {**environment(folder), **away, "DATABASE_URL": url}

        done = subprocess.run(
            STARTS[process], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
        )

        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert line.startswith("DATABASE_URL: the database has the encoding SQL_ASCII")

    def test_client_encoding_of_the_environment_is_ignored(
        self, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
        database = Database(postgresql.create_database())
        Base.metadata.create_all(database.engine)

        with database.transaction() as connection:
            user_id = str(accounts.sign_up(connection, name="张伟", password_hash="x")["id"])
            assert accounts.load_profiles(connection, [user_id])[user_id]["name"] == "张伟"
        database.close()
