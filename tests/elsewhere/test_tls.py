"""TLS to Redis and RabbitMQ: every client checks the server's certificate, and shows its own where it has one."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from celery import Celery

from app import broker, cache, push
from tests.clients import Api
from tests.secure_services import Authority, SecureRabbitMQ, SecureRedis, with_options
from tests.services import Service, free_port, wait_until
from tests.system import BIN, Process, System, environment

# The libraries leave to the collector what a refusal has ended.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

HERE = "IP:127.0.0.1,DNS:localhost"
INSECURE = "insecure"


@dataclass(frozen=True)
class Place:
    """Services of one authority that ask no client for a certificate, and others that do."""

    authority: Authority
    redis: Service
    rabbitmq: Service
    strict_redis: Service
    strict_rabbitmq: Service
    misnamed_redis: Service

    @property
    def client(self) -> dict[str, object]:
        certificate, key = self.authority.sign("client")
        return {"ca_certs": self.authority.file, "certfile": certificate, "keyfile": key}


@pytest.fixture(scope="module")
def place(folder: Path) -> Iterator[Place]:
    here = folder / "tls"
    authority = Authority(here / "authority")
    redis = SecureRedis(here / "redis", authority, hosts=HERE)
    rabbitmq = SecureRabbitMQ(here / "rabbitmq", authority, hosts=HERE)
    strict_redis = SecureRedis(here / "strict-redis", authority, hosts=HERE, asks_clients=True)
    strict_rabbitmq = SecureRabbitMQ(here / "strict-rabbitmq", authority, hosts=HERE, asks_clients=True)
    misnamed_redis = SecureRedis(here / "misnamed-redis", authority, hosts="DNS:elsewhere.example")
    services = (redis, rabbitmq, strict_redis, strict_rabbitmq, misnamed_redis)
    try:
        for service in services:
            service.start()
        yield Place(authority, *services)
    finally:
        for service in services:
            service.kill()


@pytest.fixture(scope="module")
def stranger(folder: Path) -> Authority:
    """An authority that signed nothing here."""
    return Authority(folder / "stranger")


def urls(redis: str, queue: str) -> dict[str, str]:
    return {"REDIS_URL": redis, "BROKER_URL": queue, "MESSAGE_QUEUE_URL": queue}


class TestSystem:
    """A follow arrives, and no process warns that it checks nothing."""

    def test_redis_and_rabbitmq(self, place: Place, folder: Path) -> None:
        redis, queue = (with_options(s.url, ca_certs=place.authority.file) for s in (place.redis, place.rabbitmq))
        _follow_arrives(folder / "secure", urls(redis, queue))

    def test_redis_alone(self, place: Place, folder: Path) -> None:
        url = with_options(place.redis.url, ca_certs=place.authority.file)
        _follow_arrives(folder / "secure-redis", urls(url, url))

    def test_a_client_certificate_is_shown_where_it_is_demanded(self, place: Place, folder: Path) -> None:
        redis, queue = (with_options(s.url, **place.client) for s in (place.strict_redis, place.strict_rabbitmq))
        _follow_arrives(folder / "strict", urls(redis, queue))


def _follow_arrives(folder: Path, settings: dict[str, str]) -> None:
    with closing(cache.connect(settings["REDIS_URL"], timeout_seconds=2)) as redis:
        redis.flushall()  # another system's data would begin an epoch, which closes sockets
    with System(folder, **settings) as system:
        system.add_flower("flower")
        ann, bob = system.user(), system.user()
        client = system.client(ann)
        client.wait_for("sync")
        assert system.api.follow(bob, ann) == 201
        client.wait_for("following notify")
        client.close()
        assert "away" not in system.api.get("/readyz")[1]
        for name, process in system.processes.items():
            assert INSECURE not in process.log.read_text(errors="replace").lower(), name


def _get(url: str) -> None:
    with closing(cache.connect(url, timeout_seconds=2)) as redis:
        redis.get("anything")


def _publish(url: str) -> None:
    push.create_emitter(url).push([b"anything"])


def _send(url: str) -> None:
    with Celery(set_as_current=False) as app:
        app.conf.update(broker.celery_settings(url))
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)


REDIS_CLIENTS = (_get, _publish, _send)
CLIENTS = [("redis", act) for act in REDIS_CLIENTS] + [("rabbitmq", act) for act in (_publish, _send)]


@pytest.mark.parametrize(("service", "act"), CLIENTS)
class TestClient:
    def test_the_named_authority_is_believed(self, place: Place, service: str, act: Callable[[str], None]) -> None:
        act(with_options(getattr(place, service).url, ca_certs=place.authority.file))

    def test_an_unknown_authority_is_not(
        self, place: Place, stranger: Authority, service: str, act: Callable[[str], None]
    ) -> None:
        for url in (getattr(place, service).url, with_options(getattr(place, service).url, ca_certs=stranger.file)):
            with pytest.raises(Exception, match="certificate verify failed"):
                act(url)

    @pytest.mark.parametrize("options", [{"cert_reqs": "none"}, {"cert_reqs": "CERT_NONE"}])
    def test_nothing_is_checked_where_the_url_says_so(
        self, place: Place, service: str, act: Callable[[str], None], options: dict[str, str]
    ) -> None:
        act(with_options(getattr(place, service).url, **options))

    def test_a_client_without_a_certificate_is_refused(
        self, place: Place, service: str, act: Callable[[str], None]
    ) -> None:
        with pytest.raises(Exception, match=r".+"):
            act(with_options(getattr(place, f"strict_{service}").url, ca_certs=place.authority.file))


@pytest.mark.parametrize("act", REDIS_CLIENTS)
class TestHostName:
    def test_a_certificate_of_another_host_is_refused(self, place: Place, act: Callable[[str], None]) -> None:
        with pytest.raises(Exception, match="certificate is not valid for"):
            act(with_options(place.misnamed_redis.url, ca_certs=place.authority.file))

    def test_unless_the_url_says_that_the_name_may_be_any(self, place: Place, act: Callable[[str], None]) -> None:
        act(with_options(place.misnamed_redis.url, ca_certs=place.authority.file, check_hostname="false"))


class TestRefusal:
    """Each process says why in a line, and its /readyz is red."""

    def test_a_certificate_of_an_unknown_authority(self, place: Place, stranger: Authority, folder: Path) -> None:
        here = folder / "refused"
        here.mkdir()
        redis, queue = (with_options(s.url, ca_certs=stranger.file) for s in (place.redis, place.rabbitmq))
        env = {**environment(here), **urls(redis, queue)}
        im_port, api_port = free_port(), free_port()
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
        wait_until(is_red(api_port, "redis", "broker", "message_queue"), seconds=30, what="the API says so")
        for name in ("im", "worker", "beat"):
            wait_until(lambda n=name: _refusals(processes[n]), seconds=30, what=f"{name} says why")  # type: ignore[misc]
            assert not processes[name].says("Traceback"), name


def _refusals(process: Process) -> list[str]:
    lines = process.log.read_text().splitlines()
    return [line for line in lines if "certificate verify failed" in line]
