"""TLS: every client checks the server's certificate, and shows its own where it has one."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from celery import Celery
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core import broker, cache
from core.db import Database
from dev.ports import find_free
from tasks.emitter import create_emitter
from tests.clients import Api
from tests.secure_services import Authority, SecurePostgreSQL, SecureRabbitMQ, SecureRedis, with_options
from tests.services import RabbitMQ, Service, wait_until
from tests.system import BIN, Process, System, environment

# The libraries leave refused connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

HERE = "IP:127.0.0.1"
OTHER_NAME = "localhost"  # of this machine, which no certificate has
INSECURE = "insecure"
_FAILURE = re.compile(r"\b(ERROR|CRITICAL)\b")


@dataclass(frozen=True)
class Place:
    """Services of one authority, with and without client certificates."""

    authority: Authority
    redis: Service
    rabbitmq: SecureRabbitMQ
    strict_redis: Service
    strict_rabbitmq: SecureRabbitMQ
    postgresql: Service

    @property
    def client(self) -> dict[str, object]:
        certificate, key = self.authority.sign("client")
        return {"ca_certs": self.authority.file, "certfile": certificate, "keyfile": key}


@pytest.fixture(scope="module")
def place(module_folder: Path, rabbitmq: RabbitMQ) -> Iterator[Place]:
    here = module_folder
    authority = Authority(here / "authority")
    redis = SecureRedis(here / "redis", authority, hosts=HERE)
    strict_redis = SecureRedis(here / "strict-redis", authority, hosts=HERE, asks_clients=True)
    postgresql = SecurePostgreSQL(here / "postgresql", authority, hosts=HERE)
    secure, strict = (SecureRabbitMQ(rabbitmq, authority, hosts=HERE, asks_clients=asks) for asks in (False, True))
    services = (redis, strict_redis, postgresql)
    try:
        for service in services:
            service.start()
        yield Place(authority, redis, secure, strict_redis, strict, postgresql)
    finally:
        for service in services:
            service.kill()


@pytest.fixture(scope="module")
def stranger(module_folder: Path) -> Authority:
    """An authority that has signed no certificate of these services."""
    return Authority(module_folder / "stranger")


def urls(redis: str, queue: str) -> dict[str, str]:
    return {"REDIS_URL": redis, "BROKER_URL": queue, "MESSAGE_QUEUE_URL": queue}


def database_url(place: Place, authority: Authority, *, sslmode: str = "verify-full") -> str:
    return f"{place.postgresql.url}?{urlencode({'sslmode': sslmode, 'sslrootcert': authority.file})}"


class TestSystem:
    """A follow arrives. No process warns that it checks nothing, and none logs an error."""

    def test_system_works_over_tls_to_all_three_services(self, place: Place, folder: Path) -> None:
        redis, queue = (with_options(s.url, ca_certs=place.authority.file) for s in (place.redis, place.rabbitmq))
        database = database_url(place, place.authority)
        _follow_arrives(folder / "secure", {**urls(redis, queue), "DATABASE_URL": database})

    def test_system_works_over_tls_to_redis(self, place: Place, folder: Path) -> None:
        url = with_options(place.redis.url, ca_certs=place.authority.file)
        _follow_arrives(folder / "secure-redis", urls(url, url))

    def test_client_certificate_is_sent_when_the_server_asks_for_it(self, place: Place, folder: Path) -> None:
        redis, queue = (with_options(s.url, **place.client) for s in (place.strict_redis, place.strict_rabbitmq))
        _follow_arrives(folder / "strict", urls(redis, queue))


def _follow_arrives(folder: Path, settings: dict[str, str]) -> None:
    with closing(cache.connect(settings["REDIS_URL"], timeout_seconds=2)) as redis:
        redis.flushall()  # data of another system would begin a new epoch, which closes sockets
    with System(folder, **settings) as system:
        system.add_flower("flower")
        ann, bob = system.user(), system.user()
        client = system.client(ann)
        client.wait_for("sync")
        assert system.api.follow(bob, ann) == 201
        client.wait_for("following notify")
        client.close()
        assert "unavailable" not in system.api.get("/readyz")[1]
        for name, process in system.processes.items():
            log = process.log.read_text(errors="replace")
            assert INSECURE not in log.lower(), name
            assert not [line for line in log.splitlines() if _FAILURE.search(line)], name


def _get(url: str) -> None:
    with closing(cache.connect(url, timeout_seconds=2)) as redis:
        redis.get("anything")


def _publish(url: str) -> None:
    create_emitter(url, "socketio").push([b"anything"])


def _send(url: str) -> None:
    with Celery(set_as_current=False) as app:
        app.conf.update(broker.celery_settings(url))
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)


REDIS_CLIENTS = (_get, _publish, _send)
CLIENTS = [("redis", act) for act in REDIS_CLIENTS] + [("rabbitmq", act) for act in (_publish, _send)]


@pytest.mark.parametrize(("service", "act"), CLIENTS)
class TestClient:
    def test_certificate_of_the_named_authority_is_accepted(
        self, place: Place, service: str, act: Callable[[str], None]
    ) -> None:
        act(with_options(getattr(place, service).url, ca_certs=place.authority.file))

    def test_certificate_of_an_unknown_authority_is_refused(
        self, place: Place, stranger: Authority, service: str, act: Callable[[str], None]
    ) -> None:
        for url in (getattr(place, service).url, with_options(getattr(place, service).url, ca_certs=stranger.file)):
            with pytest.raises(Exception, match="certificate verify failed"):
                act(url)

    def test_named_authority_replaces_those_of_the_machine(
        self,
        place: Place,
        stranger: Authority,
        service: str,
        act: Callable[[str], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(place.authority.file))
        url = getattr(place, service).url
        act(url)

        with pytest.raises(Exception, match="certificate verify failed"):
            act(with_options(url, ca_certs=stranger.file))

    @pytest.mark.parametrize("options", [{"cert_reqs": "none"}, {"cert_reqs": "CERT_NONE"}])
    def test_certificate_is_not_checked_when_the_url_says_so(
        self, place: Place, service: str, act: Callable[[str], None], options: dict[str, str]
    ) -> None:
        act(with_options(getattr(place, service).url, **options))

    def test_client_without_a_certificate_is_refused(
        self, place: Place, service: str, act: Callable[[str], None]
    ) -> None:
        with pytest.raises(Exception, match=r".+"):
            act(with_options(getattr(place, f"strict_{service}").url, ca_certs=place.authority.file))


@pytest.mark.parametrize(("service", "act"), CLIENTS)
class TestHostName:
    def test_certificate_of_another_host_is_refused(
        self, place: Place, service: str, act: Callable[[str], None]
    ) -> None:
        with pytest.raises(Exception, match="certificate is not valid for"):
            act(with_options(by_other_name(getattr(place, service).url), ca_certs=place.authority.file))

    def test_certificate_of_another_host_is_accepted_when_the_url_says_so(
        self, place: Place, service: str, act: Callable[[str], None]
    ) -> None:
        url = by_other_name(getattr(place, service).url)
        act(with_options(url, ca_certs=place.authority.file, check_hostname="false"))


class TestPostgreSQL:
    """DATABASE_URL has the options of PostgreSQL's own clients."""

    def test_verify_full_accepts_the_right_host_and_authority(self, place: Place) -> None:
        assert _is_encrypted(database_url(place, place.authority))

    def test_certificate_of_another_host_is_refused(self, place: Place) -> None:
        with pytest.raises(OperationalError, match="does not match host name"):
            _is_encrypted(by_other_name(database_url(place, place.authority)))

    def test_verify_ca_accepts_another_host(self, place: Place) -> None:
        assert _is_encrypted(by_other_name(database_url(place, place.authority, sslmode="verify-ca")))

    def test_certificate_of_an_unknown_authority_is_refused(self, place: Place, stranger: Authority) -> None:
        with pytest.raises(OperationalError, match="certificate verify failed"):
            _is_encrypted(database_url(place, stranger))


def by_other_name(url: str) -> str:
    return url.replace("127.0.0.1", OTHER_NAME)


def _is_encrypted(url: str) -> bool:
    with closing(Database(url)) as database, database.reading() as connection:
        own = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        return bool(connection.execute(own).scalar_one())


class TestRefusedCertificate:
    """Each process logs the reason in one line, and its /readyz fails."""

    def test_every_process_logs_the_refusal_of_an_unknown_authority(
        self, place: Place, stranger: Authority, folder: Path
    ) -> None:
        here = folder / "refused"
        here.mkdir()
        redis, queue = (with_options(s.url, ca_certs=stranger.file) for s in (place.redis, place.rabbitmq))
        env = {**environment(here), **urls(redis, queue)}
        im_port, api_port = find_free(), find_free()
        commands = {
            "im": [sys.executable, "im/main.py", str(im_port)],
            "api": [sys.executable, "-m", "app.serve", "--port", str(api_port)],
            "worker": [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-c", "1"],
            "beat": [str(BIN / "celery"), "-A", "tasks", "beat", "-s", str(here / "schedule"), "--pidfile="],
        }
        processes = {name: Process(command, env, here / f"{name}.log") for name, command in commands.items()}
        try:
            self._expect_refusals(processes, api_port, im_port)
        except BaseException:
            for name, process in processes.items():
                print(name, process.log.read_text()[-2000:])
            raise
        finally:
            for process in processes.values():
                process.kill()

    def _expect_refusals(self, processes: dict[str, Process], api_port: int, im_port: int) -> None:
        def is_red(port: int, *names: str) -> Callable[[], bool]:
            def look() -> bool:
                try:
                    _, text = Api(f"http://127.0.0.1:{port}").get("/readyz")
                except OSError:
                    return False
                lines = text.splitlines()
                return {line.partition(":")[0] for line in lines if not line.endswith(": ok")} >= set(names)

            return look

        wait_until(is_red(im_port, "redis", "message_queue"), seconds=30, what="the IM server is not ready")
        wait_until(is_red(api_port, "redis", "broker", "message_queue"), seconds=30, what="the API is not ready")
        for name in ("im", "worker", "beat"):
            wait_until(lambda n=name: _refusals(processes[n]), seconds=30, what=f"{name} logs the reason")  # type: ignore[misc]
            assert not processes[name].says("Traceback"), name


def _refusals(process: Process) -> list[str]:
    lines = process.log.read_text().splitlines()
    return [line for line in lines if "certificate verify failed" in line]
