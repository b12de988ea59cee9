"""An API process without the rest of the system."""

import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

from sqlalchemy import create_engine

from app.models import Base
from dev.ports import find_free
from tests.clients import status
from tests.services import wait_until
from tests.system import Process, environment, on_redis


class ApiServer:
    """`python -m app.serve` on one Valkey and a database of its own. It trusts this machine as a proxy."""

    def __init__(self, folder: Path, redis_url: str, **settings: str) -> None:
        folder.mkdir(parents=True)
        self.port = find_free()
        self.url = f"http://127.0.0.1:{self.port}"
        env = {**environment(folder), **on_redis(redis_url), "TRUSTED_PROXIES": "127.0.0.1", **settings}
        engine = create_engine(env["DATABASE_URL"])
        Base.metadata.create_all(engine)
        engine.dispose()
        command = [sys.executable, "-m", "app.serve", "--port", str(self.port)]
        self.process = Process(command, env, folder / "api.log")

    def __enter__(self) -> Self:
        try:
            wait_until(lambda: status(f"{self.url}/livez") == 200, seconds=30, what="the API answers")
        except TimeoutError:
            self.process.kill()
            print(self.process.end_of_log())
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()

    def post(self, path: str, body: bytes, *, address: str = "203.0.113.1", **headers: str) -> tuple[int, bytes, Any]:
        """Call as a client of a proxy that sees this address; return status, body and headers."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        forwarded = ", ".join(filter(None, [named.pop("X-Forwarded-For", None), address]))
        sent = {"Content-Type": "application/json", **named, "X-Forwarded-For": forwarded}
        request = urllib.request.Request(self.url + path, data=body, headers=sent, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers
