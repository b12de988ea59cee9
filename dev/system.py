"""The parts of the system: their commands, their readiness checks and their addresses."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from core.settings import Settings
from dev.environment import LOOPBACK
from dev.readiness import Check, Readiness, http_check, worker_check
from dev.runner import Runner

_MIGRATE_SECONDS = 120
_START_SECONDS = 90
_VENDORED = Path("app/web/static/vendor/socket.io.esm.min.js")


class System:
    """API, worker, beat, Flower and IM server, with one set of settings."""

    def __init__(self, settings: Settings, *, node: str) -> None:
        """`node` is the name of the worker, for its readiness check."""
        self._settings = settings
        self._node = node
        self._begun = time.monotonic()

    def start(self, runner: Runner) -> None:
        """Migrate the database, start every part and wait until all of them answer; raise RunError."""
        runner.run("schema", _python("alembic", "upgrade", "head"), seconds=_MIGRATE_SECONDS)
        for name, command in self._commands().items():
            runner.start(name, command)
        readiness = Readiness(self._checks())
        runner.wait_until(readiness.is_complete, seconds=_START_SECONDS, or_else=readiness.describe)

    def describe(self) -> str:
        """Return the addresses of all parts, for the user."""
        config = self._settings
        user, _, password = config.flower_basic_auth.get_secret_value().partition(":")
        api = f"http://{LOOPBACK}:{config.api_port}"
        lines = [
            "",
            f"Ready after {time.monotonic() - self._begun:.1f} s.",
            "Open the page in a window and in a private one, sign up in both, and follow one from the other.",
            "",
            f"  Web page   {api}/",
            f"  API        {api}/v1_0   (described at {api}/docs)",
            f"  IM server  http://{LOOPBACK}:{config.im_port}/socket.io",
            f"  Flower     http://{LOOPBACK}:{config.flower_port}/   user {user}, password {password}",
            f"  Files      {config.data_dir}",
            "",
        ]
        if not _VENDORED.exists():
            lines += ["The page lacks live updates: install Node.js with npm and say `make run` again.", ""]
        return "\n".join(
            [*lines, "After a change of the code, stop it and start it again. Ctrl-C stops everything.", ""]
        )

    def _commands(self) -> Mapping[str, list[str]]:
        config = self._settings
        celery = _python("celery", "-A", "tasks", "--quiet")
        schedule = str(config.data_dir / "beat-schedule")
        return {
            # granian warns about more threads than twice the cores, which would hide the lines that matter here.
            "api": _python("app.serve", "--host", LOOPBACK, "--port", str(config.api_port), "--log-level", "error"),
            "worker": [*celery, "worker", "--hostname", self._node, "--without-mingle", "--without-gossip"],
            "beat": [*celery, "beat", "--schedule", schedule, "--pidfile="],
            "flower": [*celery, "flower", "--logging=error"],
            "im": [sys.executable, "im/main.py", str(config.im_port)],
        }

    def _checks(self) -> Mapping[str, Check]:
        config = self._settings
        return {
            "api": http_check(config.api_port, "/readyz"),
            "im": http_check(config.im_port, "/readyz"),
            "flower": http_check(config.flower_port, "/", expected=401),
            "worker": worker_check(config.broker_url, config.keys, self._node),
        }


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]
