"""The error messages of commands that are used wrongly."""

import os
import subprocess
import sys

import pytest
from redis import Redis

from core import events
from core.keys import Keys
from tests.services import Service
from tests.system import BIN, ROOT, System

COMPLETE = {
    "DATABASE_URL": "sqlite://",
    "BROKER_URL": "redis://127.0.0.1:1/0",
    "MESSAGE_QUEUE_URL": "redis://127.0.0.1:1/0",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "JWT_SECRET": "a secret that only the tests use",
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
# The settings that each process requires. It must not need the secrets of others.
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
    return subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.parametrize("arguments", [[], ["x"], ["0"], ["65536"], ["8001", "8002"], ["-1"]])
def test_im_server_without_a_port_prints_its_usage(arguments: list[str]) -> None:
    done = run([sys.executable, "im/main.py", *arguments])
    assert (done.returncode, done.stdout.strip()) == (1, "Usage: python main.py [port]")


@pytest.mark.parametrize("name", COMMANDS)
def test_process_requires_a_setting_that_it_uses(name: str) -> None:
    """Which settings each process requires is tested on the class of its settings."""
    *given, variable = NEEDED[name]
    env = {needed: COMPLETE[needed] for needed in given}

    done = run(COMMANDS[name], **env)

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"{variable}: is not set; it should hold ")


@pytest.mark.parametrize("name", COMMANDS)
def test_wrong_setting_is_reported_in_one_line(name: str) -> None:
    variable = NEEDED[name][0]
    env = {needed: COMPLETE[needed] for needed in NEEDED[name]}

    done = run(COMMANDS[name], **{**env, variable: "wrong"})

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"{variable}: should ")


class TestBrokerOption:
    """`celery --broker URL` stands before BROKER_URL."""

    def test_broker_option_is_used_instead_of_the_variable(self, valkey: Service) -> None:
        url = valkey.url.removesuffix("0") + "7"

        done = run([*CELERY, "--broker", url, "call", events.DISPATCH_TASK], **COMPLETE)

        assert done.returncode == 0, done.stderr
        with Redis.from_url(url) as redis:
            assert redis.llen(Keys().dispatches) == 1

    def test_broker_option_is_checked_like_the_variable(self) -> None:
        done = run([*CELERY, "-b", "wrong", "worker"], **COMPLETE)

        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert line.startswith("BROKER_URL: should ")


def test_second_im_server_on_a_port_reports_that_it_is_taken(small: System) -> None:
    """The kernel would let two servers share a port, and each would get polling requests of the other."""
    done = subprocess.run(
        [*COMMANDS["im"][:-1], str(small.im_ports[0])],
        cwd=ROOT,
        env=small.env,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode != 0
    assert f"can't listen on 127.0.0.1:{small.im_ports[0]}" in done.stderr
