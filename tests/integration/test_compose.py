"""docker-compose.yml: each service's own command runs here as a local process, on private services."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clients import Api, Client
from tests.nginx import Nginx
from tests.services import PostgreSQL, RabbitMQ, Service, free_port, wait_until
from tests.system import BIN, ROOT, Process
from tests.wire import Polling, query

SECRETS = {
    "JWT_SECRET": "j" * 32,
    "POSTGRES_PASSWORD": "postgres-secret",
    "REDIS_PASSWORD": "redis-secret",
    "RABBITMQ_PASSWORD": "rabbitmq-secret",
    "FLOWER_BASIC_AUTH": "admin:flower-secret",
}
DATABASE, REDIS, BROKER = "POSTGRES_PASSWORD", "REDIS_PASSWORD", "RABBITMQ_PASSWORD"
KNOWS = {
    "rabbitmq": {BROKER},
    "redis": {REDIS},
    "postgres": {DATABASE},
    "migrate": {DATABASE},
    "api": {DATABASE, BROKER, REDIS, "JWT_SECRET"},
    "worker": {DATABASE, BROKER, REDIS},
    "beat": {BROKER},
    "flower": {BROKER, "FLOWER_BASIC_AUTH"},
    "im1": {REDIS, "JWT_SECRET"},
    "im2": {REDIS, "JWT_SECRET"},
    "nginx": set(),
}
OURS = ("api", "worker", "beat", "flower", "im1", "im2")
PORTS = {"api": "5000", "im1": "8001", "im2": "8001", "flower": "5555"}  # in the containers
# As Docker sets them in every container where ~/.docker/config.json names a proxy. Nobody is there.
PROXY = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
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

    text = _VARIABLE.sub(fill, (ROOT / "docker-compose.yml").read_text()).replace("$$", "$")
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    return services


class TestFile:
    @pytest.mark.parametrize("name", SECRETS)
    def test_a_missing_secret_is_named(self, name: str) -> None:
        with pytest.raises(KeyError, match=rf"{name}: set it in \.env"):
            read_compose(**{key: value for key, value in SECRETS.items() if key != name})

    def test_the_example_names_every_secret(self) -> None:
        assert {f"{name}=" for name in SECRETS} <= set((ROOT / ".env.example").read_text().splitlines())

    def test_every_service_is_there(self) -> None:
        assert set(read_compose(**SECRETS)) == set(KNOWS)

    @pytest.mark.parametrize("name", KNOWS)
    def test_a_service_is_limited_and_checked(self, name: str) -> None:
        service = read_compose(**SECRETS)[name]

        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
        assert name == "migrate" or service["healthcheck"]["test"]
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))

    @pytest.mark.parametrize("name", KNOWS)
    def test_a_service_is_confined(self, name: str) -> None:
        service = read_compose(**SECRETS)[name]

        assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
        assert "cap_add" not in service
        assert "privileged" not in service
        assert service["read_only"] is True
        assert service["image"] == "toutiao-push" or service["user"] not in ("root", "0")

    def test_nginx_is_checked_past_a_proxy(self) -> None:
        assert read_compose(**SECRETS)["nginx"]["healthcheck"]["test"][1:4] == ["wget", "-Y", "off"]

    def test_our_image_is_not_root(self) -> None:
        *_, last = (ROOT / "deploy/Dockerfile").read_text().splitlines()
        assert last == "USER toutiao"

    @pytest.mark.parametrize("name", KNOWS)
    def test_a_service_knows_its_own_secrets_alone(self, name: str) -> None:
        text = json.dumps(read_compose(**SECRETS)[name])

        assert {secret for secret, value in SECRETS.items() if value in text} == KNOWS[name]

    @pytest.mark.parametrize("name", KNOWS)
    def test_a_service_reaches_what_it_uses_alone(self, name: str) -> None:
        services = read_compose(**SECRETS)
        inside = {"database": "postgres", "broker": "rabbitmq", "cache": "redis"}

        reached = {inside[network] for network in services[name]["networks"] if network in inside}

        assert reached - {name} == {host for host in inside.values() if f"@{host}:" in json.dumps(services[name])}


class Stack:
    """The containers' commands, with addresses of this machine in place of the containers' names."""

    def __init__(self, folder: Path, addresses: dict[str, str]) -> None:
        self._folder = folder
        self._services = read_compose(**SECRETS)
        self._ports = {name: str(free_port()) for name in PORTS}
        self._addresses = addresses
        self.processes: dict[str, Process] = {}

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._ports[name]}"

    def run(self, name: str) -> None:
        command, env = self._command(name), self._env(name)
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr

    def start(self, name: str) -> None:
        self.folder(name).mkdir(parents=True)
        self.processes[name] = Process(self._command(name), self._env(name), self.folder(name) / "log")

    def is_healthy(self, name: str) -> bool:
        """Run the container's own health check."""
        kind, *command = self._services[name]["healthcheck"]["test"]
        fitted = [self._fit(name, part) for part in command]
        command = ["sh", "-c", *fitted] if kind == "CMD-SHELL" else [sys.executable, *fitted[1:]]
        return (
            subprocess.run(command, env=self._env(name), capture_output=True, timeout=10, check=False).returncode == 0
        )

    def nginx(self) -> Nginx:
        return Nginx(self.folder("nginx"), {name: self._ports[name] for name in ("api", "im1", "im2")})

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()

    def logs(self) -> str:
        return "\n".join(f"--- {name}\n{p.log.read_text()[-2000:]}" for name, p in self.processes.items())

    def folder(self, name: str) -> Path:
        """Return what stands in place of the container's /tmp."""
        return self._folder / name

    def _command(self, name: str) -> list[str]:
        program, *arguments = self._services[name]["command"]
        path = sys.executable if program == "python" else str(BIN / program)
        return [path, *(self._fit(name, argument) for argument in arguments)]

    def _env(self, name: str) -> dict[str, str]:
        """Return what the container is told, the address of a proxy, and no more."""
        told = {variable: self._fit(name, value) for variable, value in self._services[name]["environment"].items()}
        told |= {variable: address for variable, address in self._addresses.items() if variable in told}
        port = {"FLOWER_PORT": self._ports["flower"]} if name == "flower" else {}
        return {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", **PROXY, **told, **port}

    def _fit(self, name: str, text: str) -> str:
        if name in PORTS:
            text = re.sub(rf"\b{PORTS[name]}\b", self._ports[name], text)
        return text.replace("0.0.0.0", "127.0.0.1").replace("/tmp/", f"{self.folder(name)}/")


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
        for name in OURS:
            stack.start(name)
        for name in OURS:
            wait_until(lambda name=name: stack.is_healthy(name), seconds=40, what=f"{name} is healthy")
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

    @pytest.mark.parametrize("name", OURS)
    def test_a_service_that_hangs_is_not_healthy(self, stack: Stack, name: str) -> None:
        process = stack.processes[name]
        process.signal(signal.SIGSTOP)
        try:
            if name in ("worker", "beat"):
                minute_ago = time.time() - 60
                os.utime(stack.folder(name) / "heartbeat", (minute_ago, minute_ago))

            assert not stack.is_healthy(name)
        finally:
            process.signal(signal.SIGCONT)
        wait_until(lambda: stack.is_healthy(name), seconds=20, what=f"{name} is healthy again")

    def test_flower_knows_a_dispatch_that_pushed(self, stack: Stack, nginx: Nginx) -> None:
        def task_types() -> str:
            request = urllib.request.Request(stack.url("flower") + "/api/tasks")
            request.add_header("Authorization", "Basic YWRtaW46Zmxvd2VyLXNlY3JldA==")
            with urllib.request.urlopen(request, timeout=5) as answer:
                return str(answer.read())

        api = Api(nginx.url)
        assert api.follow(api.sign_up("flora"), api.sign_up("fred")) == 201

        wait_until(lambda: "tasks.notifications.dispatch" in task_types(), seconds=20, what="a dispatch in Flower")

    def test_nginx_compresses_what_the_servers_answer_to_polls(self, nginx: Nginx) -> None:
        session = Polling(int(nginx.url.rpartition(":")[2]))
        session.join()
        session.post(*(f'42["message",{{"msg":"{"x" * 100}"}}]' for _ in range(100)))

        request = urllib.request.Request(f"{nginx.url}/socket.io/?{query(sid=session.sid)}")
        request.add_header("Accept-Encoding", "gzip")
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert b"x" * 100 in gzip.decompress(answer.read())

    def test_the_pages_files_come_compressed_and_are_kept_for_good(self, nginx: Nginx) -> None:
        def get(path: str) -> tuple[bytes, Message]:
            request = urllib.request.Request(nginx.url + path, headers={"Accept-Encoding": "gzip"})
            with urllib.request.urlopen(request, timeout=5) as answer:
                assert answer.headers["Content-Encoding"] == "gzip"
                return gzip.decompress(answer.read()), answer.headers

        page, _ = get("/")
        for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.decode()):
            content, headers = get(path)
            assert content
            assert "immutable" in headers["Cache-Control"]
