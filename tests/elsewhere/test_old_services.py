"""Services of an earlier version than is needed: their own answers pass a wire that changes the version in them."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from core import broker, capabilities
from core.cache import connect
from core.db import Database
from core.primary import TooOld
from core.service_faults import ERRORS, TakesNothing, describe
from core.settings import SettingsError
from tests.clients import status
from tests.failure.proxy import Network, Proxy
from tests.services import PostgreSQL, RabbitMQ, Service, wait_until
from tests.standby import query
from tests.system import BIN, System, on_redis

# The client of RabbitMQ leaves to the collector what a lost connection has ended.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

OLD_REDIS = "it is Redis 6.2.0, and 7.0 or later is needed"
LINE = f"too old: upgrade it: Versions in docs/operations.md ({OLD_REDIS})"


def age_redis(wire: Proxy, service: Service) -> None:
    """Have the server say that it is older, on connections yet to be made."""
    with Redis(port=service.port, protocol=3) as client:
        version = client.execute_command("HELLO")[b"version"]
    wire.replace((b"$%d\r\n%s\r\n" % (len(version), version), b"$5\r\n6.2.0\r\n"))
    wire.drop()


def through(wire: Proxy, url: str, port: int) -> str:
    return url.replace(f":{port}", f":{wire.port}")


class TestRedis:
    def test_every_process_names_both_versions_and_continues_after_the_upgrade(
        self, network: Network, folder: Path, valkeys: Callable[[], Service]
    ) -> None:
        service = valkeys()
        wire = network.link(service.port)
        with System(folder / "old-redis", **on_redis(through(wire, service.url, service.port))) as system:
            ann, bob = system.user(), system.user()
            client = system.client(ann).stay()
            client.wait_for("sync")

            age_redis(wire, service)
            assert system.api.follow(bob, ann) == 201
            for name in ("api", "im0", "worker"):
                system.processes[name].kill()
                system.processes[name].start()
            wait_until(lambda: status(f"{system.api.url}/readyz") == 200, seconds=30, what="the API answers")
            for name, process in system.processes.items():
                wait_until(lambda p=process: p.says(OLD_REDIS), seconds=30, what=f"{name} says so")  # type: ignore[misc]
            assert system.api.follow(system.user(), ann) == 201
            assert f"redis: {LINE}\n" in system.api.get("/readyz")[1]
            wire.replace()
            wire.drop()

            client.wait_for("following notify", 2, seconds=30)
            assert "dead_letters: 0" in system.run(str(BIN / "flask"), "--app", "app.wsgi", "outbox", "show").stdout
            client.close()

    def test_redis_without_hello_is_reported_as_too_old(self, network: Network, valkey: Service) -> None:
        wire = network.link(valkey.port)
        wire.replace((b"HELLO", b"HELL0"))
        with (
            closing(connect(through(wire, valkey.url, valkey.port), timeout_seconds=2)) as redis,
            pytest.raises(TooOld, match=r"it is Redis 5, or older, and 7\.0 or later is needed"),
        ):
            redis.get("anything")


class TestRabbitMQ:
    def test_readyz_names_both_versions_of_rabbitmq(self, network: Network, rabbitmq: RabbitMQ) -> None:
        wire = network.link(rabbitmq.port)
        url = through(wire, rabbitmq.create_vhost(), rabbitmq.port)
        check = capabilities.of_broker(url)
        check()

        version = version_of(url)
        wire.replace((version, b"2" + version[1:]))
        wire.drop()

        wait_until(lambda: "it is RabbitMQ 2." in failure(check), seconds=10, what="the version is looked at")
        assert "and 3.10 or later is needed" in failure(check)
        assert failure(check).startswith("too old: ")


class TestPostgreSQL:
    def test_no_process_starts_on_an_old_postgresql(self, network: Network, postgresql: PostgreSQL) -> None:
        wire = network.link(postgresql.port)
        major = str(query(postgresql, "SHOW server_version")).partition(".")[0].encode()
        wire.replace((b"server_version\0" + major, b"server_version\0" + b"9".rjust(len(major), b"0")))

        with (
            closing(Database(through(wire, postgresql.url, postgresql.port))) as database,
            pytest.raises(
                SettingsError, match=r"DATABASE_URL: .* it is PostgreSQL 09\.\d+, and 10.0 or later is needed"
            ),
        ):
            database.check()


def version_of(url: str) -> bytes:
    with broker.connection(url, timeout_seconds=2) as connection:
        connection.connect()
        return str(connection.connection.server_properties["version"]).encode()


def failure(check: capabilities.Check) -> str:
    try:
        check()
    except (*ERRORS, TakesNothing) as error:
        return describe(error)
    return ""
