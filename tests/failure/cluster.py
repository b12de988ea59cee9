"""A whole system of one shape, on its own services, with a proxy on each of its links."""

import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import redis

from tests.failure.proxy import Network, Proxy
from tests.services import PostgreSQL, RabbitMQ, Service, Valkey, wait_until
from tests.system import System

PROCESSES = ("api", "worker", "beat", "im0", "im1")
QUEUES = ("redis", "rabbitmq")
DATABASES = ("sqlite", "postgresql")


class Shape:
    """The services that a cluster uses."""

    def __init__(self, queue: str, database: str) -> None:
        self.name = f"{queue}+{database}"
        self.queue = queue
        self.database = database

    @classmethod
    def named(cls, name: str) -> "Shape":
        return Shape(*name.split("+"))

    @property
    def service_names(self) -> tuple[str, ...]:
        return ("valkey", *(name for name in (self.queue, self.database) if name in ("rabbitmq", "postgresql")))

    @property
    def broker(self) -> str:
        """The name of the service that is broker and message queue."""
        return "rabbitmq" if self.queue == "rabbitmq" else "valkey"


_SERVICES: dict[str, type[Service]] = {"valkey": Valkey, "rabbitmq": RabbitMQ, "postgresql": PostgreSQL}


class Cluster(Shape):
    """Faults are injected into its `services`, its `links` ("im0-valkey", "client-im0") and its `system`."""

    def __init__(self, folder: Path, *, queue: str, database: str) -> None:
        super().__init__(queue, database)
        self.folder = folder
        self.network = Network()
        self.services = {name: _SERVICES[name](folder / name) for name in self.service_names}
        self.links: dict[str, Proxy] = {}

    def __enter__(self) -> Self:
        try:
            for service in self.services.values():
                service.start()
            for process in PROCESSES:
                for name, service in self.services.items():
                    self.links[f"{process}-{name}"] = self.network.link(service.port)
            urls = self._urls()
            env_of = {process: self._through_links(process, urls) for process in PROCESSES}
            self.system = System(self.folder / "system", im_servers=2, env_of=env_of, **urls)
            for i, port in enumerate(self.system.im_ports):
                self.links[f"client-im{i}"] = self.network.link(port)
            self.system.__enter__()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.system.stop()
        self.close()

    def close(self) -> None:
        for service in self.services.values():
            service.stop()
        self.network.close()

    @property
    def client_urls(self) -> list[str]:
        return [f"http://127.0.0.1:{self.links[f'client-im{i}'].port}" for i in range(len(self.system.im_ports))]

    def links_to(self, end: str) -> Iterable[Proxy]:
        return [proxy for name, proxy in self.links.items() if end in name.split("-")]

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.services["valkey"].url)

    def reset(self) -> None:
        """Repair everything and restart every process, so that a failed case affects no other."""
        for service in self.services.values():
            service.stop()
            service.start()
        for link in self.links.values():
            link.mend()
        for process in self.system.processes.values():
            process.kill()
            process.start()

    def wait_ready(self) -> None:
        self.system.wait_ready()
        for name, text in {"worker": " ready.", "beat": "beat: Starting"}.items():
            process = self.system.processes[name]
            wait_until(lambda p=process, t=text: p.says(t), seconds=40, what=f"{name} is ready")  # type: ignore[misc]

    def read(self, process: str, path: str) -> str:
        """Return what a process answers under a path such as /readyz; an empty text when it does not answer."""
        url = self.system.api.url if process == "api" else self.system.im_urls[int(process[2:])]
        try:
            with urllib.request.urlopen(url + path, timeout=2) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return error.read().decode()
        except OSError:
            return ""

    def metric(self, process: str, name: str) -> float:
        """Return the sum of a metric over its labels, 0 when there is none."""
        lines = self.read(process, "/metrics").splitlines()
        found = (line.rsplit(" ", 1) for line in lines if line.startswith(name))
        return sum(float(value) for key, value in found if key.partition("{")[0] == name)

    def _urls(self) -> dict[str, str]:
        valkey, broker = self.services["valkey"].url, self.services[self.broker].url
        urls = {"REDIS_URL": valkey, "BROKER_URL": broker, "MESSAGE_QUEUE_URL": broker}
        if "postgresql" in self.services:
            urls["DATABASE_URL"] = self.services["postgresql"].url
        return urls

    def _through_links(self, process: str, urls: dict[str, str]) -> dict[str, str]:
        for name, service in self.services.items():
            port = self.links[f"{process}-{name}"].port
            urls = {key: url.replace(f":{service.port}/", f":{port}/") for key, url in urls.items()}
        return urls
