"""On a full disk callers get 503, nothing is half done, and everything continues when there is room again."""

import os
import resource
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.db import Database
from tests.clients import User
from tests.services import PostgreSQL, Service, wait_until
from tests.system import System

NO_ROOM = "the database is out of disk space, try again"
INFINITE = resource.RLIM_INFINITY


@pytest.fixture
def queues(valkeys: Callable[[], Service]) -> dict[str, str]:
    url = valkeys().url
    return {"BROKER_URL": url, "MESSAGE_QUEUE_URL": url, "REDIS_URL": url}


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    place = folder / f"disk-{uuid.uuid4().hex[:6]}"
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0777", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def goes_on_after(
    system: System, fill: Callable[[], None], make_room: Callable[[], None], *, complaint: str = NO_ROOM
) -> None:
    ann, bob = system.user(), system.user()
    client = system.client(ann)
    assert system.api.follow(bob, ann) == 201
    client.wait_for("following notify")
    fans = [system.user() for _ in range(3)]

    fill()
    answers = [system.api.post("/v1_0/user/followings", {"target": ann.id}, fan) for fan in fans]
    refused = [(status, body["message"]) for status, body in answers]
    assert set(refused) == {(503, complaint)}
    assert _fans(system, ann) == [bob.id]
    assert len(_inbox(system, ann)) == 1
    make_room()

    wait_until(lambda: system.api.follow(fans[0], ann) == 201, seconds=15, what="there is room")
    assert [system.api.follow(fan, ann) for fan in fans[1:]] == [201, 201]
    client.wait_for("following notify", 4, seconds=20)
    assert sorted(data["user_id"] for data in client.of("following notify")) == sorted([bob.id, *(f.id for f in fans)])
    assert len(_inbox(system, ann)) == 4
    client.close()


def _fans(system: System, user: User) -> list[int]:
    return [person["id"] for person in system.api.get("/v1_0/user/followers", user)[1]["results"]]


def _inbox(system: System, user: User) -> list[int]:
    return [row["id"] for row in system.api.get("/v1_0/user/notifications", user)[1]["results"]]


class TestSQLite:
    def test_calls_recover_from_a_full_file_system(
        self, small_disk: Path, folder: Path, queues: dict[str, str]
    ) -> None:
        filler = small_disk / "filler"
        with System(folder / "full", DATABASE_URL=f"sqlite:///{small_disk}/news.db", **queues) as system:
            goes_on_after(system, lambda: fill(filler), filler.unlink)

    def test_calls_recover_from_a_file_size_limit(self, folder: Path, queues: dict[str, str]) -> None:
        """A file size limit of the process, as set by `ulimit -f`."""
        with System(folder / "limited", **queues) as system:

            def limit(largest: int) -> None:
                for process in _tree(system, "api"):
                    resource.prlimit(process, resource.RLIMIT_FSIZE, (largest, INFINITE))

            # The operating system reports another error than a full disk.
            complaint = "the database is unavailable, try again"
            goes_on_after(system, lambda: limit(4096), lambda: limit(INFINITE), complaint=complaint)


class TestPostgreSQL:
    def test_calls_recover_from_a_full_file_system(
        self, postgresql: PostgreSQL, small_disk: Path, folder: Path, queues: dict[str, str]
    ) -> None:
        filler = small_disk / "filler"
        with on_disk(postgresql, small_disk) as url:

            def use_all() -> None:
                fill(filler)
                with closing(Database(url)) as database, pytest.raises(OperationalError, match="No space left"):
                    use_free_pages(database)

            with System(folder / "full-postgresql", DATABASE_URL=url, **queues) as system:
                goes_on_after(system, use_all, filler.unlink)


@contextmanager
def on_disk(server: PostgreSQL, disk: Path) -> Iterator[str]:
    """Yield the URL of a database whose files, but not the server's log, are on this disk."""
    space = f"space_{uuid.uuid4().hex[:8]}"
    url = server.create_database()
    name = url.rpartition("/")[2]
    place = disk / "pg"
    place.mkdir()
    shutil.chown(place, "postgres")
    with closing(Database(server.url)) as database, database.reading() as connection:
        connection.execute(text(f"CREATE TABLESPACE {space} LOCATION '{place}'"))
        connection.execute(text(f'ALTER DATABASE "{name}" SET TABLESPACE {space}'))
        try:
            yield url
        finally:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
            connection.execute(text(f"DROP TABLESPACE {space}"))


def use_free_pages(database: Database) -> None:
    """Fill the free space in the pages of a table and its indexes with rows, until there is none.

    The rows are of the user who is followed next, and as long as those of a follow. Nobody knows their event.
    """
    columns = "recipient_id, actor_id, event, created_at, read_at, dispatched_at"
    same = "SELECT recipient_id, actor_id, 'x', 0, 0, 0 FROM notifications LIMIT 1"
    row = text(f"INSERT INTO notifications ({columns}) {same}")
    for _ in range(10_000):
        with database.transaction() as connection:
            connection.execute(row)


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"\0" * 4096)
        except OSError:
            pass


def _tree(system: System, name: str) -> list[int]:
    leader = psutil.Process(system.processes[name].popen.pid)
    return [leader.pid, *(child.pid for child in leader.children(recursive=True))]
