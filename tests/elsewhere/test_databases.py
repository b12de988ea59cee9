"""PostgreSQL behind a connection pooler."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.models import Base
from app.services import accounts, followings
from core.db import Database
from core.settings import SettingsError
from tests import schema
from tests.clients import Client
from tests.integration.test_migrations import run
from tests.pgbouncer import PgBouncer
from tests.services import PostgreSQL, Service, running, wait_until
from tests.system import System

# Three server connections serve all clients. Start-up options are ignored, as in many configurations.
NARROW = {"default_pool_size": 3, "ignore_startup_parameters": "options"}


@pytest.fixture(scope="module", params=["transaction", "session"])
def bouncer(request: pytest.FixtureRequest, folder: Path, postgresql: PostgreSQL) -> Iterator[PgBouncer]:
    yield from running(PgBouncer(folder / f"pgbouncer-{request.param}", postgresql, mode=request.param))


class TestPooler:
    def test_whole_system_works_through_a_pooler(
        self, bouncer: PgBouncer, postgresql: PostgreSQL, folder: Path, valkeys: Callable[[], Service]
    ) -> None:
        url = bouncer.through(postgresql.create_database())
        queue = valkeys().url
        queues = {"BROKER_URL": queue, "MESSAGE_QUEUE_URL": queue, "REDIS_URL": queue}
        with System(folder / f"pooled-{bouncer.port}", DATABASE_URL=url, DATABASE_SCHEMA="news", **queues) as system:
            users = [system.user() for _ in range(6)]
            clients = [system.client(user) for user in users]
            with ThreadPoolExecutor(6) as pool:
                pairs = [(a, b) for a in users for b in users if a is not b]
                statuses = list(pool.map(lambda pair: system.api.follow(*pair), pairs * 4))
                inboxes = list(pool.map(lambda user: system.api.get("/v1_0/user/notifications", user)[0], users * 10))

            assert set(statuses) == {201}
            assert set(inboxes) == {200}
            for client in clients:
                client.wait_for("following notify", 5, seconds=20)
            _close(clients)
            assert "prepared statement" not in system.logs()

    def test_prepared_statements_work_with_more_clients_than_servers(
        self, postgresql: PostgreSQL, folder: Path
    ) -> None:
        """Each transaction may get another server connection."""
        url = postgresql.create_database()
        bouncer = PgBouncer(folder / "pgbouncer-narrow", postgresql, mode="transaction", **NARROW)
        bouncer.start()
        try:
            with closing(Database(bouncer.through(url))) as database:
                Base.metadata.create_all(database.engine)
                with database.transaction() as connection:
                    ids = [accounts.sign_up(connection, name=f"u{n}", password_hash="x")["id"] for n in range(30)]

                def follow(n: int) -> bool:
                    with database.one_statement() as connection:
                        return followings.follow(
                            connection, follower_id=ids[n % 30], target_id=ids[(n // 30 + n + 1) % 30]
                        )

                with ThreadPoolExecutor(8) as pool:
                    assert all(pool.map(follow, range(300)))
        finally:
            bouncer.stop()

    def test_calls_succeed_after_the_pooler_closed_idle_connections(self, postgresql: PostgreSQL, folder: Path) -> None:
        ends = {"client_idle_timeout": 1, "server_idle_timeout": 1}
        bouncer = PgBouncer(folder / "pgbouncer-hasty", postgresql, mode="transaction", **ends)
        bouncer.start()
        try:
            with closing(Database(bouncer.through(postgresql.create_database()))) as database:
                for _ in range(2):
                    database.ping()
                    time.sleep(2.5)
                database.ping()
        finally:
            bouncer.stop()

    def test_timed_out_statement_is_cancelled_behind_the_pooler(
        self, bouncer: PgBouncer, postgresql: PostgreSQL
    ) -> None:
        url = postgresql.create_database()
        with closing(Database(bouncer.through(url))) as database:
            before = time.monotonic()
            with pytest.raises(OperationalError), database.reading() as connection:
                connection.execute(text("SELECT pg_sleep(30)"))
            assert time.monotonic() - before < 15
            with closing(Database(url)) as direct, direct.reading() as connection:
                sleeping = text(
                    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"
                )
                wait_until(lambda: connection.execute(sleeping).scalar() == 0, seconds=5, what="the statement ends")

    def test_schema_that_the_pooler_does_not_pass_on_is_named(self, bouncer: PgBouncer, postgresql: PostgreSQL) -> None:
        url = postgresql.create_database()
        with closing(Database(url)) as direct, direct.transaction() as connection:
            connection.execute(text("CREATE SCHEMA news"))
        pooled = f"{bouncer.through(url)}?options=-csearch_path%3Dnews"
        with closing(Database(pooled)) as database, pytest.raises(SettingsError) as refusal:
            database.ping()
        assert "search_path is '\"$user\", public' behind it" in str(refusal.value)
        refused = run(pooled, "upgrade", "head")
        assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)

    def test_schema_that_the_pooler_sets_is_used(self, postgresql: PostgreSQL, folder: Path) -> None:
        url = postgresql.create_database()
        with closing(Database(url)) as direct, direct.transaction() as connection:
            connection.execute(text("CREATE SCHEMA news"))
        query = "SET search_path = news, extensions"
        bouncer = PgBouncer(folder / "pgbouncer-news", postgresql, mode="transaction", connect_query=query)
        bouncer.start()
        try:
            pooled = f"{bouncer.through(url)}?options=-csearch_path%3Dnews,%5C%20extensions"
            schema.upgrade({"DATABASE_URL": pooled})
        finally:
            bouncer.stop()

        with closing(Database(url)) as direct, direct.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM news.users")).scalar() == 0

    def test_migrations_through_a_pooler_release_their_lock(self, bouncer: PgBouncer, postgresql: PostgreSQL) -> None:
        url = postgresql.create_database()
        with ThreadPoolExecutor(3) as pool:
            done = list(pool.map(lambda _: run(bouncer.through(url), "upgrade", "head"), range(3)))

        assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
        with closing(Database(url)) as direct, direct.reading() as connection:
            here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            locks = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND {here}"
            assert connection.execute(text(locks)).scalar() == 0


def _close(clients: list[Client]) -> None:
    for client in clients:
        client.close()
