"""Start the whole system: `python -m dev`, or `make run`."""

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from honcho.manager import Manager

from app.config import SettingsError, load_settings
from dev.environment import REDIS_LIKE, CannotStart, check_ports, complete
from dev.readiness import announce
from dev.tether import tie
from dev.valkey import embedded_valkey

_PYTHON = sys.executable
_BIN = Path(_PYTHON).parent


def main() -> int:
    if len(sys.argv) > 1:
        print(
            "Usage: make run   (or: python -m dev; settings come from the environment and from .env)", file=sys.stderr
        )
        return 2
    # Whoever asks for an end while something starts gets it too, and in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        return _run()
    except (CannotStart, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run() -> int:
    variables = complete(os.environ)
    check_ports(variables)
    with ExitStack() as services:
        missing = [name for name in REDIS_LIKE if not variables.get(name)]
        if missing:
            print("Starting the embedded Valkey ...", flush=True)
            url = services.enter_context(embedded_valkey(Path(variables["DATA_DIR"])))
            variables |= dict.fromkeys(missing, url)
        os.environ.update(variables)
        load_settings()
        _migrate(variables)
        return _supervise(variables)


def _migrate(variables: Mapping[str, str]) -> None:
    print("Bringing the database up to date ...", flush=True)
    command = [_PYTHON, "-m", "alembic", "upgrade", "head"]
    done = subprocess.run(command, env=dict(variables), capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise CannotStart(f"DATABASE_URL: the database can't be brought up to date: {' '.join(reason)}")


def _supervise(variables: Mapping[str, str]) -> int:
    """Run every part until one ends or somebody asks for the end; return the exit code."""
    # A part's guardian dies with the runner, and the part with its guardian: not even kill -9 leaves anything behind.
    os.register_at_fork(after_in_child=lambda: tie(signal.SIGKILL))
    manager = Manager()
    for name, command in _commands(variables).items():
        tethered = shlex.join([_PYTHON, "-m", "dev.tether", *command])
        manager.add_process(name, f"exec {tethered}", env=dict(variables))
    threading.Thread(target=announce, args=(variables,), daemon=True).start()
    manager.loop()
    code = manager.returncode
    if code in (130, 143):
        return int(code)
    print("A part of the system ended by itself; everything has been stopped.", file=sys.stderr)
    return 1


def _commands(variables: Mapping[str, str]) -> dict[str, list[str]]:
    celery = [_PYTHON, "-m", "celery", "-A", "tasks"]
    schedule = str(Path(variables["DATA_DIR"]) / "beat-schedule")
    return {
        "api": [
            *(str(_BIN / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--port", variables["API_PORT"]),
            *("--blocking-threads", "4", "--no-ws", "--log-level", "warning", "app.wsgi:app"),
        ],
        "worker": [*celery, "worker", "--loglevel", "WARNING", "--without-mingle", "--without-gossip"],
        "beat": [*celery, "beat", "--loglevel", "WARNING", "--schedule", schedule, "--pidfile="],
        "flower": [*celery, "--quiet", "flower", "--logging=warning"],
        "im": [_PYTHON, "im/main.py", variables["IM_PORT"]],
    }


if __name__ == "__main__":
    sys.exit(main())
