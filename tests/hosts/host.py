"""Runs an app of a host: in a venv that has the built wheel and what the app itself needs."""

import os
import subprocess
import venv
from pathlib import Path
from typing import Self

from dev.background import Process
from dev.ports import find_free
from tests.clients import Api, status
from tests.services import wait_until
from tests.system import BIN

APPS = Path(__file__).parent / "apps"
_NEEDS = {
    "flask": [
        "flask==3.1.3",
        "flask-sqlalchemy==3.1.1",
        "sqlalchemy==2.1.9",
        "psycopg[binary]==3.3.9",
        "pyjwt[crypto]==2.15.1",
    ],
    "django": ["django==5.2.19", "psycopg[binary]==3.3.9", "pyjwt[crypto]==2.15.1"],
    "fastapi": [
        "fastapi==0.165.0",
        "uvicorn==0.54.0",
        "sqlalchemy[asyncio]==2.1.9",
        "asyncpg==0.32.0",
        "pyjwt[crypto]==2.15.1",
    ],
}
_COMMANDS = {
    "flask": ["-m", "flask", "--app", "flask_app", "run", "--port", "{port}"],
    "django": ["django_app.py", "{port}"],
    "fastapi": ["-m", "uvicorn", "fastapi_app:app", "--port", "{port}"],
}

KINDS = tuple(_COMMANDS)


class Host:
    """One app, in a process of its own."""

    def __init__(self, kind: str, folder: Path, wheel: Path, **env: str) -> None:
        self.kind = kind
        self._folder = folder / kind
        self._wheel = wheel
        self._env = env
        self.port = find_free()
        self.url = f"http://127.0.0.1:{self.port}"
        self._api = Api(self.url)

    def __enter__(self) -> Self:
        python = self._install()
        command = [python, *(part.format(port=self.port) for part in _COMMANDS[self.kind])]
        env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **self._env}
        self._process = Process(command, env, self._folder / "log", folder=APPS)
        try:
            wait_until(lambda: status(f"{self.url}/orders") == 200, seconds=60, what=f"{self.kind} answers")
        except TimeoutError:
            print(self._process.end_of_log())
            self._process.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()

    def order(self, user: object, item: str, *, fails: bool = False) -> int:
        """Order something for a user; return the status."""
        return self._api.post("/orders", {"user": user, "item": item, "fails": fails})[0]

    def orders(self) -> list[str]:
        """Return what the app itself has committed."""
        return list(self._api.get("/orders")[1])

    def token(self, user: object) -> str:
        return str(self._api.get(f"/token/{user}")[1]["token"])

    def _install(self) -> str:
        home = self._folder / "venv"
        venv.create(home, with_pip=False, symlinks=True)
        python = str(home / "bin" / "python")
        install_packages(python, str(self._wheel), *_NEEDS[self.kind])
        return python


def install_packages(python: str, *packages: str) -> None:
    """Install packages for the Python of a venv. pip would take half a minute, which is most of a test."""
    subprocess.run([str(BIN / "uv"), "pip", "install", "-q", "--python", python, *packages], check=True, timeout=300)
