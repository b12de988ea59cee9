"""Every process ends on SIGTERM at any moment of its start, and leaves no process behind.

Every fifth moment is tried here; `STOP_MOMENTS=all` tries each tenth of the first four seconds.
"""

import os
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from dev.ports import find_free
from tests import schema
from tests.clients import status
from tests.services import Service, wait_until
from tests.system import Process, environment, on_redis

CELERY = [sys.executable, "-m", "celery", "-A", "tasks"]
MOMENTS = [tenth / 10 for tenth in range(1, 41)]
TRIED = MOMENTS if os.environ.get("STOP_MOMENTS") == "all" else MOMENTS[::5]
# An idle process needs two seconds at most. The deadlines in docs/operations.md are for busy processes.
IDLE_SECONDS = 20
AT_ONCE = 4


def command(name: str, folder: Path, port: int) -> list[str]:
    return {
        "api": [sys.executable, "-m", "app.serve", "--port", str(port)],
        "worker": [*CELERY, "worker", "-c", "2", "--without-mingle", "-n", f"{port}@localhost"],
        "beat": [*CELERY, "beat", "--schedule", str(folder / f"beat-{port}"), "--pidfile="],
        "flower": [*CELERY, "flower", f"--port={port}"],
        "im": [sys.executable, "im/main.py", str(port)],
    }[name]


def in_group(leader: int) -> list[psutil.Process]:
    """Return the running processes of a process group, without zombies."""

    def is_member(process: psutil.Process) -> bool:
        try:
            return os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE
        except (ProcessLookupError, psutil.NoSuchProcess):
            return False

    return [process for process in psutil.process_iter() if is_member(process)]


@pytest.fixture(scope="module")
def env(folder: Path, valkeys: Callable[[], Service]) -> dict[str, str]:
    home = folder / "stop"
    home.mkdir()
    urls = on_redis(valkeys().url)
    env = {**environment(home), **urls, "FLOWER_BASIC_AUTH": "ann:secret"}
    Path(env["DATABASE_URL"].removeprefix("sqlite:///")).write_bytes(schema.new_sqlite())
    return env


def test_endless_request_does_not_delay_the_end_of_the_api(env: dict[str, str], tmp_path: Path) -> None:
    port = find_free()
    api = Process(command("api", tmp_path, port), env, tmp_path / "api.log")
    try:
        wait_until(lambda: status(f"http://127.0.0.1:{port}/livez") == 200, seconds=40, what="the API answers")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"POST /v1_0/users HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")

            assert api.terminate(seconds=IDLE_SECONDS) == 0

        assert not in_group(api.popen.pid)
    finally:
        api.kill()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["api", "worker", "beat", "flower", "im"])
def test_sigterm_ends_each_process_at_any_moment(name: str, env: dict[str, str], tmp_path: Path) -> None:
    def what_went_wrong(moment: float) -> str:
        process = Process(command(name, tmp_path, find_free()), env, tmp_path / f"{moment}.log")
        time.sleep(moment)
        process.popen.terminate()
        try:
            wait_until(lambda: process.popen.poll() is not None, seconds=IDLE_SECONDS, what="the process ends")
            wait_until(lambda: not in_group(process.popen.pid), seconds=2, what="its children end")
        except TimeoutError as error:
            return f"told at {moment} s: {error}\n{process.log.read_text(errors='replace')[-2000:]}"
        finally:
            process.kill()
        return ""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = "\n".join(filter(None, pool.map(what_went_wrong, TRIED)))

    assert not wrong, wrong


def test_flower_ends_during_its_start(env: dict[str, str], tmp_path: Path) -> None:
    """Flower starts threads at that time; an exception in between would leave one that is never stopped."""

    def is_ended(milliseconds: float) -> bool:
        process = Process(command("flower", tmp_path, find_free()), env, tmp_path / f"{milliseconds}.log")
        try:
            wait_until(lambda: process.says("Registered tasks"), seconds=60, what="Flower has started")
            time.sleep(milliseconds / 1000)
            process.popen.terminate()
            wait_until(lambda: process.popen.poll() is not None, seconds=IDLE_SECONDS, what="the process ends")
        except TimeoutError:
            return False
        finally:
            process.kill()
        return True

    moments = [half / 2 for half in range(1, 41, 1 if len(TRIED) == len(MOMENTS) else 5)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = dict(zip(moments, pool.map(is_ended, moments), strict=True))

    assert [moment for moment, is_so in ended.items() if not is_so] == []
