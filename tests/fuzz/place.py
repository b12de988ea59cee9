"""The servers that get the inputs: an IM server and an API on a Valkey of their own. No limit slows the inputs down."""

import secrets
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy

from app.models import Base
from core import tokens
from dev.ports import find_free
from tests.attacks.attackers import Target
from tests.clients import status
from tests.im import Im
from tests.services import Valkey, wait_until
from tests.system import Process

# Each input is a connection from the same address, and most of them never become a session that is connected.
_SETTINGS = {
    "JWT_SECRET": secrets.token_hex(32),
    "LIMIT_SOCKETS_PER_ADDRESS": "100000",
    "LIMIT_ANONYMOUS_SOCKETS": "100000",
    "LIMIT_HANDSHAKES_PER_SECOND": "100000",
    "LIMIT_HANDSHAKES_PER_ADDRESS": "100000",
    "LIMIT_CONNECT_SECONDS": "2",
}


@dataclass(frozen=True, slots=True)
class Place:
    """What a process needs to know to send inputs and to see what they do. It can be pickled."""

    target: Target
    api_port: int
    pids: tuple[int, ...]
    logs: tuple[Path, ...]

    @property
    def token(self) -> str:
        return self.target.token(7)

    def is_alive(self) -> bool:
        return all(status(f"http://127.0.0.1:{port}/livez") == 200 for port in (self.target.port, self.api_port))

    def count_tracebacks(self) -> int:
        return sum(log.read_bytes().count(b"Traceback") for log in self.logs)

    def memory(self) -> int:
        """Return the resident memory of the IM server, in bytes."""
        return int(psutil.Process(self.pids[0]).memory_info().rss)


@contextmanager
def running_place(folder: Path) -> Iterator[tuple[Place, Im]]:
    folder.mkdir(exist_ok=True)
    valkey = Valkey(folder / f"valkey-{uuid.uuid4().hex[:6]}").start()
    try:
        with Im(folder, valkey.url, transport="fast", **_SETTINGS) as im, _running_api(folder, im) as (port, api):
            pids = (im.process.popen.pid, api.popen.pid)
            yield Place(Target.of(im), port, pids, (im.process.log, api.log)), im
    finally:
        valkey.stop()


@contextmanager
def _running_api(folder: Path, im: Im) -> Iterator[tuple[int, Process]]:
    engine = sqlalchemy.create_engine(im.env["DATABASE_URL"])
    Base.metadata.create_all(engine)
    engine.dispose()
    port = find_free()
    command = [sys.executable, "-m", "app.serve", "--port", str(port)]
    api = Process(command, im.env, folder / f"api-{uuid.uuid4().hex[:6]}.log")
    try:
        wait_until(lambda: status(f"http://127.0.0.1:{port}/livez") == 200, seconds=60, what="the API answers")
        yield port, api
    finally:
        api.kill()


def sign(place: Place, user_id: int) -> str:
    return tokens.sign(place.target.secret, user_id=user_id)
