"""A whole system, started from the documented commands, on private services and free ports."""

import os
import secrets
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from dev.background import ROOT, Process
from dev.ports import find_free
from tests import schema
from tests.accounts import insert_user
from tests.clients import Api, Client, User, status
from tests.services import wait_until

BIN = Path(sys.executable).parent
_DATABASE = "toutiao.db"
_SHARING = ("KEY_PREFIX", "CHANNEL", "DATABASE_SCHEMA")
_CELERY = [sys.executable, "-m", "celery", "-A", "tasks"]


def on_redis(url: str) -> dict[str, str]:
    """Return the settings of a system that uses one Redis for broker, message queue and cache."""
    return dict.fromkeys(("BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL"), url)


def environment(folder: Path) -> dict[str, str]:
    """Return the settings that every process needs, without the URLs of this machine's services."""
    return {
        **{name: value for name, value in os.environ.items() if not name.endswith("_URL") and name not in _SHARING},
        "JWT_SECRET": secrets.token_hex(32),
        "DATABASE_URL": f"sqlite:///{folder}/{_DATABASE}",
        "DATA_DIR": str(folder),
        "IM_DRAIN_SECONDS": "1",
        "PYTHONFAULTHANDLER": "1",
        "PYTHONWARNINGS": "ignore",
    }


class System:
    def __init__(
        self,
        folder: Path,
        *,
        im_servers: int = 1,
        im_ports: list[int] | None = None,
        env_of: Mapping[str, Mapping[str, str]] | None = None,
        checkout_of: Mapping[str, Path] | None = None,
        **settings: str,
    ) -> None:
        """`settings` are environment variables, DATABASE_URL and the like; `env_of` has those of single processes.

        `checkout_of` has the folder of processes that run another version.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.api_port = find_free()
        self.im_ports = im_ports or [find_free() for _ in range(im_servers)]
        self.env = {**environment(folder), "API_PORT": str(self.api_port), **settings}
        self._env_of = env_of or {}
        self._checkout_of = checkout_of or {}
        self.folder = folder
        self.processes: dict[str, Process] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            print(self.logs())
            self.stop()
            raise
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            print(self.logs())
        self.stop()

    @property
    def secret(self) -> str:
        return self.env["JWT_SECRET"]

    @property
    def api(self) -> Api:
        return Api(f"http://127.0.0.1:{self.api_port}")

    @property
    def im_urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.im_ports]

    def user(self, prefix: str = "user") -> User:
        """Make a user who can't log in; `api.sign_up` makes one who can, and takes much longer."""
        return insert_user(self.env, f"{prefix}-{uuid.uuid4().hex[:10]}")

    def client(self, user: User | None, *, im: int = 0, **options: object) -> Client:
        urls = self.im_urls[im:] + self.im_urls[:im]
        return Client(urls, user.token if user else None, **options)  # type: ignore[arg-type]

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=60, check=False)

    def wait_ready(self, *, seconds: float = 40) -> None:
        for url in (self.api.url, *self.im_urls):
            wait_until(lambda url=url: _is_ready(url), seconds=seconds, what=f"{url} is ready")  # type: ignore[misc]

    def stop(self) -> None:
        for process in self.processes.values():
            process.signal(signal.SIGCONT)
            process.kill()

    def logs(self) -> str:
        tails = (f"--- {name}\n{p.log.read_text(errors='replace')[-3000:]}" for name, p in self.processes.items())
        return "\n".join(tails)

    def _start(self) -> None:
        if self.env["DATABASE_URL"] == environment(self.folder)["DATABASE_URL"]:
            (self.folder / _DATABASE).write_bytes(schema.new_sqlite())
        else:
            schema.upgrade(self.env)
        self._add("api", [sys.executable, "-m", "app.serve", "--port", str(self.api_port)])
        self.add_worker("worker")
        self.add_beat("beat")
        for i, port in enumerate(self.im_ports):
            self._add(f"im{i}", [sys.executable, "im/main.py", str(port)])
        self.wait_ready()

    def add_api(self, name: str, **env: str) -> Api:
        """Start another API process, and wait until it answers."""
        port = find_free()
        self._env_of = {**self._env_of, name: env}
        self._add(name, [sys.executable, "-m", "app.serve", "--port", str(port)])
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _is_ready(url), seconds=40, what=f"{name} is ready")
        return Api(url)

    def add_worker(self, name: str) -> None:
        self._add(name, [*_CELERY, "worker", "-c", "1", "--loglevel", "INFO", "--without-mingle", "-n", f"{name}@%h"])

    def add_beat(self, name: str) -> None:
        self._add(
            name, [*_CELERY, "beat", "-s", str(self.folder / f"{name}-schedule"), "--pidfile=", "--loglevel", "INFO"]
        )

    def add_flower(self, name: str) -> str:
        """Start Flower for admin:secret; return its URL."""
        port = find_free()
        self._env_of = {**self._env_of, name: {"FLOWER_PORT": str(port), "FLOWER_BASIC_AUTH": "admin:secret"}}
        self._add(name, [*_CELERY, "flower"])
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: status(f"{url}/healthcheck") == 200, seconds=40, what="Flower answers")
        return url

    def _add(self, name: str, command: list[str]) -> None:
        env = {**self.env, **self._env_of.get(name, {})}
        checkout = self._checkout_of.get(name, ROOT)
        self.processes[name] = Process(command, env, self.folder / f"{name}.log", folder=checkout)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
