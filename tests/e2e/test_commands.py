"""What the commands say when they are used wrongly."""

import os
import subprocess
import sys

import pytest

from tests.system import BIN, ROOT, System

COMPLETE = {
    "DATABASE_URL": "sqlite://",
    "BROKER_URL": "redis://127.0.0.1:1/0",
    "MESSAGE_QUEUE_URL": "redis://127.0.0.1:1/0",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "JWT_SECRET": "x" * 32,
}
CELERY = [sys.executable, "-m", "celery", "-A", "tasks"]
COMMANDS = {
    "im": [sys.executable, "im/main.py", "65000"],
    "worker": [*CELERY, "worker"],
    "flower": [*CELERY, "flower"],
    "api": [str(BIN / "flask"), "--app", "app.wsgi", "outbox", "show"],
    "alembic": [str(BIN / "alembic"), "upgrade", "head"],
}


def run(command: list[str], **env: str) -> "subprocess.CompletedProcess[str]":
    plain = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", **env}
    return subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("arguments", [[], ["x"], ["0"], ["65536"], ["8001", "8002"], ["-1"]])
def test_the_im_server_without_a_port_prints_its_usage(arguments: list[str]) -> None:
    done = run([sys.executable, "im/main.py", *arguments])
    assert (done.returncode, done.stdout.strip()) == (1, "Usage: python main.py [port]")


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    ("variable", "value"), [("JWT_SECRET", ""), ("JWT_SECRET", "short"), ("REDIS_URL", "nonsense")]
)
def test_a_wrong_setting_is_named(name: str, variable: str, value: str) -> None:
    done = run(COMMANDS[name], **{**COMPLETE, "FLOWER_BASIC_AUTH": "a:b", variable: value})
    assert done.returncode != 0
    assert variable in done.stderr
    assert "Traceback" not in done.stderr


def test_flower_does_not_start_without_a_password() -> None:
    done = run(COMMANDS["flower"], **COMPLETE)
    assert done.returncode != 0
    assert "FLOWER_BASIC_AUTH" in done.stderr


def test_a_second_im_server_on_a_port_says_that_it_is_taken(small: System) -> None:
    """Sharing it, as the kernel would let them, they would get each other's polling requests."""
    done = subprocess.run(
        [*COMMANDS["im"][:-1], str(small.im_ports[0])],
        cwd=ROOT,
        env=small.env,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert f"can't listen on 127.0.0.1:{small.im_ports[0]}" in done.stderr
