"""A standby takes over, and the old primary continues as a read-only server."""

import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.models import Base
from core import outbox, readiness
from core.database_faults import READ_ONLY, fault_of
from core.db import Database
from tests.failure.proxy import Network
from tests.services import PostgreSQL, Service, wait_until
from tests.standby import Standby, make_read_only
from tests.system import System


def readyz(system: System) -> str:
    try:
        with urllib.request.urlopen(f"{system.api.url}/readyz", timeout=15) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode()


class TestFailover:
    def test_api_and_worker_move_to_the_new_primary(
        self,
        postgresql_pair: tuple[PostgreSQL, Standby],
        network: Network,
        folder: Path,
        valkeys: Callable[[], Service],
    ) -> None:
        primary, standby = postgresql_pair
        address = network.link(primary.port)
        url = primary.url.replace(f":{primary.port}/", f":{address.port}/")
        queue = valkeys().url
        queues = {"BROKER_URL": queue, "MESSAGE_QUEUE_URL": queue, "REDIS_URL": queue}
        with System(folder / "failover", DATABASE_URL=url, **queues) as system:
            ann, bob, *others = (system.user() for _ in range(6))
            client = system.client(ann)
            assert system.api.follow(bob, ann) == 201
            client.wait_for("following notify")

            make_read_only(primary)

            assert [system.api.follow(user, ann) for user in others[:2]] == [503, 503]
            assert "database: read-only" in readyz(system)
            assert system.api.get("/v1_0/user/notifications", ann)[0] == 200

            standby.wait_for_all()
            standby.promote()
            address.lead_to(standby.port)

            # One call may fail on a connection to the old primary, which is read-only now.
            statuses = [system.api.follow(others[0], ann) for _ in range(10)]
            assert statuses[1:] == [201] * 9
            client.wait_for("following notify", 2, seconds=20)
            assert "database: ok" in readyz(system)
            client.close()

    def test_url_with_several_hosts_connects_to_the_primary(self, postgresql_pair: tuple[PostgreSQL, Standby]) -> None:
        primary, standby = postgresql_pair
        hosts = f"host=127.0.0.1:{standby.port}&host=127.0.0.1:{primary.port}"
        with closing(Database(f"postgresql+psycopg://toutiao@/postgres?{hosts}")) as database:
            change(database, "CREATE TABLE one (id INTEGER)")
            standby.wait_for_all()
            standby.promote()
            make_read_only(primary)
            wait_until(lambda: is_refused(database), seconds=10, what="the old primary refuses")

            change(database, "CREATE TABLE two (id INTEGER)")

            with database.reading() as connection:
                assert connection.execute(text("SHOW port")).scalar_one() == str(standby.port)


class TestReadOnlyStandby:
    """A DATABASE_URL that leads to a standby."""

    def test_readyz_reports_the_database_as_read_only(self, postgresql_pair: tuple[PostgreSQL, Standby]) -> None:
        primary, standby = postgresql_pair
        with closing(Database(primary.url)) as database:
            Base.metadata.create_all(database.engine)
            readiness.check(database)
        standby.wait_for_all()
        with closing(Database(standby.url)) as database:
            with pytest.raises(DBAPIError) as checked:
                readiness.check(database)
            with pytest.raises(DBAPIError) as claimed, outbox.claim(database, limit=1):
                pass
        assert (fault_of(checked.value), fault_of(claimed.value)) == (READ_ONLY, READ_ONLY)


def change(database: Database, statement: str) -> None:
    with database.transaction() as connection:
        connection.execute(text(statement))


def is_refused(database: Database) -> bool:
    try:
        change(database, "ALTER TABLE one OWNER TO CURRENT_USER")
    except DBAPIError as error:
        return fault_of(error) is READ_ONLY
    return False
