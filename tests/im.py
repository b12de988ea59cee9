"""An IM server without the rest of the system."""

import sys
import urllib.request
import uuid
from pathlib import Path
from typing import Self

from tests.services import free_port, wait_until
from tests.system import Process, environment


class Im:
    """`python im/main.py PORT` on one Valkey. `heartbeat` is the ping interval and timeout, in seconds."""

    def __init__(
        self, folder: Path, redis_url: str, *, transport: str, heartbeat: tuple[float, float] | None = None
    ) -> None:
        self.transport = transport
        self.redis_url = redis_url
        self.port = free_port()
        command = [sys.executable, "im/main.py", str(self.port)]
        if heartbeat:
            options = f"ping_interval={heartbeat[0]}, ping_timeout={heartbeat[1]}"
            command[1:2] = ["-c", f"from im.main import main; main({options})"]
        env = {
            **environment(folder),
            **dict.fromkeys(("BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL"), redis_url),
            "IM_TRANSPORT": transport,
        }
        self.process = Process(command, env, folder / f"im-{transport}-{uuid.uuid4().hex[:6]}.log")

    def __enter__(self) -> Self:
        try:
            wait_until(self._is_ready, seconds=30, what=f"the {self.transport} server is ready")
        except TimeoutError:
            self.process.kill()
            print(self.process.log.read_text(errors="replace")[-3000:])
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()

    def is_well(self) -> bool:
        """Say whether it answers, and nothing that it was sent has surprised it."""
        return self._is_ready() and "Traceback" not in self.process.log.read_text(errors="replace")

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
