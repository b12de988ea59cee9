"""docker-compose.yml: each service's own command runs here as a local process, on private services."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clients import Api, Client, status
from tests.nginx import Nginx
from tests.services import PostgreSQL, RabbitMQ, Service, free_port, wait_until
from tests.system import BIN, ROOT, Process

SECRETS = {
    "JWT_SECRET": "j" * 32,
    "POSTGRES_PASSWORD": "postgres-secret",
    "REDIS_PASSWORD": "redis-secret",
    "RABBITMQ_PASSWORD": "rabbitmq-secret",
    "FLOWER_BASIC_AUTH": "admin:flower-secret",
}
_VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?}")


def read_compose(**variables: str) -> dict[str, Any]:
    """Read the file as Docker does: aliases merged, variables filled in."""

    def fill(match: re.Match[str]) -> str:
        name, kind, text = match.groups()
        if name in variables:
            return variables[name]
        if kind == "-":
            return str(text)
        raise KeyError(f"{name}: {text}")

    services: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(fill, (ROOT / "docker-compose.yml").read_text()))[
        "services"
    ]
    return services


class TestFile:
    @pytest.mark.parametrize("name", SECRETS)
    def test_a_missing_secret_is_named(self, name: str) -> None:
        with pytest.raises(KeyError, match=rf"{name}: set it in \.env"):
            read_compose(**{key: value for key, value in SECRETS.items() if key != name})

    def test_the_example_names_every_secret(self) -> None:
        assert {f"{name}=" for name in SECRETS} <= set((ROOT / ".env.example").read_text().splitlines())

    def test_every_service_is_limited_and_checked(self) -> None:
        services = read_compose(**SECRETS)
        ours = {"migrate", "api", "worker", "beat", "flower", "im1", "im2"}
        assert set(services) == {"rabbitmq", "redis", "postgres", "nginx", *ours}
        for name, service in services.items():
            assert service["deploy"]["resources"]["limits"], name
            assert name in ("migrate", "worker", "beat") or service["healthcheck"], name
            assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name


class Stack:
    """The containers' commands, with addresses of this machine in place of the containers' names."""

    def __init__(self, folder: Path, addresses: dict[str, str]) -> None:
        folder.mkdir()
        self._folder = folder
        self._services = read_compose(**SECRETS)
        self._ports = {name: str(free_port()) for name in ("api", "im1", "im2", "flower")}
        self._addresses = addresses
        self._processes: list[Process] = []

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._ports[name]}"

    def run(self, name: str) -> None:
        done = subprocess.run(
            self._command(name), cwd=ROOT, env=self._env(name), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr

    def start(self, name: str) -> None:
        self._processes.append(Process(self._command(name), self._env(name), self._folder / f"{name}.log"))

    def nginx(self) -> Nginx:
        return Nginx(self._folder / "nginx", {name: self._ports[name] for name in ("api", "im1", "im2")})

    def stop(self) -> None:
        for process in self._processes:
            process.signal(signal.SIGKILL)
            process.popen.wait(10)

    def logs(self) -> str:
        return "\n".join(f"--- {p.log.name}\n{p.log.read_text(errors='replace')[-2000:]}" for p in self._processes)

    def _command(self, name: str) -> list[str]:
        command = list(self._services[name]["command"])
        program = sys.executable if command[0] == "python" else str(BIN / command[0])
        ports = {"5000": self._ports["api"], "8001": self._ports.get(name, "")}
        places = {"0.0.0.0": "127.0.0.1", "/tmp/beat-schedule": str(self._folder / "beat-schedule")}
        return [program, *({**ports, **places}.get(part, part) for part in command[1:])]

    def _env(self, name: str) -> dict[str, str]:
        said = {
            variable: str(value).replace("0.0.0.0", "127.0.0.1")
            for variable, value in self._services[name]["environment"].items()
        }
        if name == "flower":  # it is told of no service but the broker
            said |= {"BROKER_URL": self._addresses["BROKER_URL"], "FLOWER_PORT": self._ports["flower"]}
        else:
            said |= {variable: self._addresses[variable] for variable in said if variable in self._addresses}
        return {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", "HOME": str(self._folder), **said}


@pytest.fixture(scope="module")
def stack(folder: Path, valkeys: Callable[[], Service], rabbitmq: RabbitMQ, postgresql: PostgreSQL) -> Iterator[Stack]:
    redis = valkeys().url
    addresses = {
        "DATABASE_URL": postgresql.create_database(),
        "BROKER_URL": rabbitmq.create_vhost(),
        "MESSAGE_QUEUE_URL": redis,
        "REDIS_URL": redis,
    }
    stack = Stack(folder / "compose", addresses)
    try:
        stack.run("migrate")
        for name in ("api", "worker", "beat", "flower", "im1", "im2"):
            stack.start(name)
        for name in ("api", "im1", "im2"):
            wait_until(lambda name=name: status(stack.url(name) + "/readyz") == 200, seconds=40, what=name)
        wait_until(lambda: status(stack.url("flower") + "/healthcheck") == 200, seconds=40, what="flower")
        yield stack
    except BaseException:
        print(stack.logs())
        raise
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def nginx(stack: Stack) -> Iterator[Nginx]:
    with stack.nginx() as nginx:
        yield nginx


class TestStack:
    @pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
    def test_a_follow_is_pushed_through_nginx(self, nginx: Nginx, transports: list[str]) -> None:
        api = Api(nginx.url)
        ann, bob = (api.sign_up(f"{name}-{'-'.join(transports)}") for name in ("ann", "bob"))
        client = Client([nginx.url], bob.token, transports=transports)
        client.wait_for("sync")

        assert api.follow(ann, bob) == 201

        assert client.wait_for("following notify")[0]["user_id"] == ann.id
        client.close()

    def test_flower_shows_nothing_without_its_password(self, stack: Stack) -> None:
        for path in ("/", "/workers", "/tasks", "/api/workers", "/metrics"):
            assert status(stack.url("flower") + path) == 401, path

    def test_flower_knows_the_dispatch_task(self, stack: Stack) -> None:
        def task_types() -> str:
            request = urllib.request.Request(stack.url("flower") + "/api/tasks")
            request.add_header("Authorization", "Basic YWRtaW46Zmxvd2VyLXNlY3JldA==")
            with urllib.request.urlopen(request, timeout=5) as answer:
                return str(answer.read())

        wait_until(lambda: "tasks.notifications.dispatch" in task_types(), seconds=20, what="a dispatch in Flower")
