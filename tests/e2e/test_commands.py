"""The error messages of commands that are used wrongly."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from core import events
from core.keys import Keys
from tests.im import Im
from tests.services import Service
from tests.system import BIN, ROOT

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
# Each call stands for a start, which needs more than a second of CPU.
CALLS_OF_MAIN = """
import json, sys
from im.main import main

for sys.argv[1:] in json.loads(sys.argv[1]):
    try:
        main()
    except SystemExit as end:
        print("exit code", end.code)
"""
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


def test_im_server_without_a_port_prints_its_usage() -> None:
    done = run([sys.executable, "im/main.py", "x"])
    assert (done.returncode, done.stdout.strip()) == (1, "Usage: python main.py [port]")


def test_im_server_takes_one_port_and_no_other_argument() -> None:
    given = [[], ["0"], ["65536"], ["8001", "8002"], ["-1"]]

    done = run([sys.executable, "-c", CALLS_OF_MAIN, json.dumps(given)])

    assert done.stdout.splitlines() == ["Usage: python main.py [port]", "exit code 1"] * len(given), done.stderr


@pytest.mark.parametrize("name", ["api", "im", "worker"])
def test_missing_and_wrong_settings_are_reported_in_a_line_each(name: str) -> None:
    """Which settings each process requires is tested on the class of its settings."""
    wrong, *given, missing = NEEDED[name]

    done = run(COMMANDS[name], **{needed: COMPLETE[needed] for needed in given}, **{wrong: "wrong"})

    assert done.returncode == 1
    [of_missing, of_wrong] = done.stderr.splitlines()
    assert of_missing.startswith(f"{missing}: is not set; it should hold ")
    assert of_wrong.startswith(f"{wrong}: should ")


class TestFirstOfSettings:
    """Processes that have one setting, or read one before the others."""

    @pytest.mark.parametrize("name", ["alembic", "beat", "flower"])
    def test_missing_setting_is_reported_in_one_line(self, name: str) -> None:
        *given, variable = NEEDED[name]

        done = run(COMMANDS[name], **{needed: COMPLETE[needed] for needed in given})

        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert line.startswith(f"{variable}: is not set; it should hold ")

    @pytest.mark.parametrize("name", ["alembic", "beat", "flower"])
    def test_wrong_setting_is_reported_in_one_line(self, name: str) -> None:
        variable, *given = NEEDED[name]

        done = run(COMMANDS[name], **{needed: COMPLETE[needed] for needed in given}, **{variable: "wrong"})

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


def test_second_im_server_on_a_port_reports_that_it_is_taken(tmp_path: Path, valkey: Service) -> None:
    """The kernel would let two servers share a port, and each would get polling requests of the other."""
    with Im(tmp_path, valkey.url, transport="fast") as im:
        done = run([*COMMANDS["im"][:-1], str(im.port)], **im.env)

    assert done.returncode != 0
    assert f"can't listen on 127.0.0.1:{im.port}" in done.stderr
