"""No call fails when idle connections to PostgreSQL were closed by the server or the network."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from sqlalchemy import text

from core.db import Database
from tests.failure.proxy import Network, Proxy
from tests.services import PostgreSQL

CONNECTIONS = 4


@pytest.fixture
def wire(network: Network, postgresql: PostgreSQL) -> Proxy:
    return network.link(postgresql.port)


@pytest.fixture
def database(wire: Proxy, postgresql: PostgreSQL) -> Iterator[Database]:
    url = postgresql.create_database().replace(f":{postgresql.port}/", f":{wire.port}/")
    with closing(Database(url)) as database:
        use_at_once(database, CONNECTIONS)
        yield database


def use_at_once(database: Database, count: int) -> list[int]:
    """Use several connections at the same time; return the server process of each."""
    together = threading.Barrier(count)
    found: list[int] = []

    def use() -> None:
        with database.reading() as connection:
            found.append(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
            together.wait(10)

    threads = [threading.Thread(target=use) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return found


def terminate(database: Database, _wire: Proxy) -> None:
    """End all other connections, as a server that sleeps when idle does."""
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    with database.reading() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))


ENDS: dict[str, Callable[[Database, Proxy], None]] = {
    "reset": lambda _database, wire: wire.drop(),
    "dropped without a word": lambda _database, wire: wire.forget(),
    "terminated": terminate,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_calls_succeed_after_idle_connections_ended(
    database: Database, wire: Proxy, end: Callable[[Database, Proxy], None]
) -> None:
    end(database, wire)
    time.sleep(1.2)
    before = time.monotonic()

    assert len(use_at_once(database, CONNECTIONS)) == CONNECTIONS

    assert time.monotonic() - before < 5


def test_calls_succeed_when_the_server_ends_idle_sessions(postgresql: PostgreSQL) -> None:
    url = postgresql.create_database()
    with closing(Database(f"{url}?options=-cidle_session_timeout%3D300ms")) as database:
        first = use_at_once(database, CONNECTIONS)
        time.sleep(1.2)

        again = use_at_once(database, CONNECTIONS)

    assert len(again) == CONNECTIONS
    assert not set(first) & set(again)


def test_transaction_succeeds_after_idle_connections_ended(database: Database, wire: Proxy) -> None:
    wire.drop()
    time.sleep(1.2)

    with database.transaction() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_live_connections_are_reused(database: Database) -> None:
    first = use_at_once(database, CONNECTIONS)
    time.sleep(1.2)

    assert set(use_at_once(database, CONNECTIONS)) == set(first)
