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
    "FLOWER_BASIC_AUTH": "a:b",
}
CELERY = [sys.executable, "-m", "celery", "-A", "tasks"]
COMMANDS = {
    "im": [sys.executable, "im/main.py", "65000"],
    "worker": [*CELERY, "worker"],
    "beat": [*CELERY, "beat"],
    "flower": [*CELERY, "flower"],
    "api": [str(BIN / "flask"), "--app", "app.wsgi", "outbox", "show"],
    "alembic": [str(BIN / "alembic"), "upgrade", "head"],
}
# What each asks for. Any other is somebody else's secret.
NEEDED = {
    "im": ("MESSAGE_QUEUE_URL", "REDIS_URL", "JWT_SECRET"),
    "worker": ("DATABASE_URL", "BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL"),
    "beat": ("BROKER_URL",),
    "flower": ("BROKER_URL", "FLOWER_BASIC_AUTH"),
    "api": tuple(name for name in COMPLETE if name != "FLOWER_BASIC_AUTH"),
    "alembic": ("DATABASE_URL",),
}


def run(command: list[str], **env: str) -> "subprocess.CompletedProcess[str]":
    plain = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", **env}
    return subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("arguments", [[], ["x"], ["0"], ["65536"], ["8001", "8002"], ["-1"]])
def test_the_im_server_without_a_port_prints_its_usage(arguments: list[str]) -> None:
    done = run([sys.executable, "im/main.py", *arguments])
    assert (done.returncode, done.stdout.strip()) == (1, "Usage: python main.py [port]")


@pytest.mark.parametrize(("name", "variable"), [(name, needed) for name in NEEDED for needed in NEEDED[name]])
def test_what_a_process_needs_is_asked_for_and_nothing_else(name: str, variable: str) -> None:
    env = {needed: COMPLETE[needed] for needed in NEEDED[name] if needed != variable}

    done = run(COMMANDS[name], **env)

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"{variable}: is not set; it should hold ")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrong_setting_is_one_line(name: str) -> None:
    variable = NEEDED[name][0]
    env = {needed: COMPLETE[needed] for needed in NEEDED[name]}

    done = run(COMMANDS[name], **{**env, variable: "wrong"})

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"{variable}: should ")


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
