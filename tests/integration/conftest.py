"""Private services and their clients, for tests of the core's modules."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.models import Base
from app.services import accounts
from core import declarations
from core.cache import connect
from core.db import Database
from core.declarations import Event
from core.history import History
from tests import schema
from tests.epochs import empty
from tests.integration.story import Story
from tests.nginx import Nginx
from tests.services import PostgreSQL, RabbitMQ, Service
from tests.stack import Stack

NEEDED = {
    "DATABASE_URL": "sqlite:///unused",
    "BROKER_URL": "redis://127.0.0.1:1/0",
    "MESSAGE_QUEUE_URL": "redis://127.0.0.1:1/0",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "JWT_SECRET": "a secret that only the tests use",
}


@pytest.fixture(scope="session")
def cache(valkeys: Callable[[], Service]) -> Service:
    """A Valkey that tests may flush, pause and stop, if they start it again."""
    return valkeys()


@pytest.fixture
def redis(cache: Service) -> Iterator[Redis]:
    """A client of a Valkey that holds nothing but an epoch."""
    with connect(cache.url, timeout_seconds=5) as redis:
        empty(redis)
        yield redis


@pytest.fixture
def history(redis: Redis) -> History:
    return History(redis, length=1000, seconds=3600)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    database: Database = request.getfixturevalue(request.param)
    return database


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    with closing(schema.make_sqlite(tmp_path / "toutiao.sqlite3")) as database:
        yield database


@pytest.fixture
def postgres(postgresql: PostgreSQL) -> Iterator[Database]:
    with closing(Database(postgresql.create_database())) as database:
        Base.metadata.create_all(database.engine)
        yield database


@pytest.fixture
def users(database: Database) -> list[int]:
    """The ids of five users."""
    with database.transaction() as connection:
        return [accounts.sign_up(connection, name=f"user-{n}", password_hash="x")["id"] for n in range(5)]


@pytest.fixture(scope="session")
def push_batch() -> Iterator[Callable[..., Any]]:
    """The function of the dispatch task. Its module reads the settings on import; each call gets its resources."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in NEEDED.items():
            environment.setenv(name, value)
        from tasks.batch import push_batch

        yield push_batch


@pytest.fixture
def story(database: Database, redis: Redis, users: list[int]) -> Story:
    return Story(database, redis, users)


@pytest.fixture(scope="session")
def stack(folder: Path, rabbitmq: RabbitMQ, postgresql: PostgreSQL) -> Iterator[Stack]:
    """The services of docker-compose.yml."""
    stack = Stack(folder / "compose", rabbitmq, postgresql)
    try:
        yield stack.start()
    except BaseException:
        print(stack.logs())
        raise
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def front(stack: Stack) -> Iterator[Nginx]:
    """nginx in front of the stack."""
    with stack.nginx() as nginx:
        yield nginx


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> type[Event]:
    """An event with a group, which is forgotten after the test."""
    monkeypatch.setattr(declarations, "_by_name", dict(declarations._by_name))
    monkeypatch.setattr(declarations, "_known_names", declarations.known_names())

    class Noted(Event, name="noted", group="noted:{title}"):
        title: str

    return Noted
