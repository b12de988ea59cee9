"""An IM server without the rest of the system, and another server on its message queue."""

import json
import re
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any, Self

import redis
import socketio

from core.epochs import Epochs
from core.history import Entry, History
from core.keys import Keys
from dev.ports import find_free
from tests.services import wait_until
from tests.system import Process, environment, on_redis


class Im:
    """`python im/main.py PORT` on one Valkey; its message queue may be another service.

    `heartbeat` is the ping interval and timeout, in seconds; `host` is the address that it listens on; `settings` are
    environment variables; `open_files` is the limit of open files.
    """

    def __init__(
        self,
        folder: Path,
        redis_url: str,
        *,
        transport: str,
        heartbeat: tuple[float, float] | None = None,
        message_queue_url: str | None = None,
        host: str = "127.0.0.1",
        open_files: int | None = None,
        **settings: str,
    ) -> None:
        self.transport = transport
        self._host = f"[{host}]" if ":" in host else host
        self.port = find_free()
        command = [sys.executable, "im/main.py", str(self.port)]
        if heartbeat:
            options = f"ping_interval={heartbeat[0]}, ping_timeout={heartbeat[1]}"
            command[1:2] = ["-c", f"from im.main import main; main({options})"]
        if open_files:
            command = ["sh", "-c", 'ulimit -n "$0" && exec "$@"', str(open_files), *command]
        self.env = {
            **environment(folder),
            **on_redis(redis_url),
            "IM_TRANSPORT": transport,
            "IM_HOST": host,
            **({"MESSAGE_QUEUE_URL": message_queue_url} if message_queue_url else {}),
            **settings,
        }
        self.process = Process(command, self.env, folder / f"im-{transport}-{uuid.uuid4().hex[:6]}.log")

    def __enter__(self) -> Self:
        with redis.Redis.from_url(self.redis_url) as client:
            if not client.exists(Keys().epoch):
                Epochs(client).establish()  # as a worker does
        try:
            wait_until(self._is_ready, seconds=30, what=f"the {self.transport} server is ready")
        except TimeoutError:
            self.process.kill()
            print(self.process.log.read_text(errors="replace")[-3000:])
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()

    @property
    def secret(self) -> str:
        return self.env["JWT_SECRET"]

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self.port}"

    def metric(self, name: str) -> float:
        """Return a series, or the sum of a metric over its labels."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if re.match(rf"{re.escape(name)}[ {{]", line))

    @property
    def redis_url(self) -> str:
        return self.env["REDIS_URL"]

    def is_well(self) -> bool:
        """Say whether it answers, and its log has no unexpected error."""
        return self._is_ready() and "Traceback" not in self.process.log.read_text(errors="replace")

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class Neighbour:
    """Another server on the same message queue, with the protocol of python-socketio's own servers."""

    _HOST_ID = "neighbour"
    _CHANNEL = "socketio"

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._redis = redis.Redis.from_url(redis_url)
        self._heard = self._redis.pubsub()
        self._heard.subscribe(self._CHANNEL)
        assert self._heard.get_message(timeout=5), "not subscribed"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._heard.close()
        self._redis.close()

    def emit(self, event: str, data: object, *, room: str) -> None:
        socketio.RedisManager(self._redis_url, write_only=True).emit(event, data, room=room)

    def ask(self, event: str, data: object, *, sid: str) -> None:
        """Emit an event with a callback."""
        message = {"method": "emit", "event": event, "data": data, "namespace": "/", "room": sid, "skip_sid": None}
        message |= {"callback": [sid, "/", 1], "host_id": self._HOST_ID}
        self._redis.publish(self._CHANNEL, json.dumps(message))

    def wait_for_answer(self) -> Any:
        """Return the arguments of the next acknowledgement."""
        found: list[Any] = []
        wait_until(lambda: self._hear(found), seconds=5, what="the acknowledgement is passed on")
        return found[0]

    def _hear(self, found: list[Any]) -> bool:
        on_canary = self._heard.get_message(timeout=0.5)
        message = json.loads(on_canary["data"]) if on_canary and on_canary["data"][:1] == b"{" else {}
        if message.get("method") == "callback" and message["host_id"] == self._HOST_ID:
            found.append(message["args"])
        return bool(found)


def fill_history(im: Im, user_id: int, count: int, *, size: int = 0) -> None:
    """Append notifications that a user has missed, with ids from 1 on and `size` bytes each."""
    with redis.Redis.from_url(im.redis_url) as client:
        history = History(client, length=count, seconds=3600)
        now = int(time.time())
        history.append(
            [
                Entry.encode(number, str(user_id), "following notify", {"id": number, "text": "x" * size}, now)
                for number in range(1, count + 1)
            ]
        )
