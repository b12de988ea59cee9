"""`make run` starts the whole system on one machine, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from dev.background import die_with_parent
from dev.ports import find_free
from tests.clients import PASSWORD, Api, status
from tests.services import wait_until
from tests.system import ROOT

OURS = ("DATABASE_URL", "BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL", "JWT_SECRET", "FLOWER_BASIC_AUTH", "DATA_DIR")
START_SECONDS = 60
GONE_SECONDS = 20
CTRL_C_MOMENTS = [half / 2 for half in range(1, 13)]
CTRL_C_TRIED = CTRL_C_MOMENTS if os.environ.get("STOP_MOMENTS") == "all" else CTRL_C_MOMENTS[::3]


class Run:
    """One `python -m dev`, which is what `make run` executes."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self._log = log
        with open(log, "wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dev", "--env-file", os.devnull],
                cwd=ROOT,
                env=env,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_ready(self) -> None:
        def is_ready() -> bool:
            assert self._process.poll() is None, self.output
            return "Ready after" in self.output

        wait_until(is_ready, seconds=START_SECONDS, what=f"`make run` is ready:\n{self.output}")

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self._process.pid).children(recursive=True)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def exit_code(self) -> int:
        return self._process.wait(START_SECONDS)

    def end(self) -> None:
        """Kill what is left of the runner, whatever the test found."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(START_SECONDS)


def left_of(processes: list[psutil.Process]) -> list[psutil.Process]:
    """The processes that still run. A zombie counts as ended: which process reaps it depends on the machine."""
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def files(env: dict[str, str]) -> dict[str, int]:
    """Return the modes of all files in DATA_DIR, by name."""
    return {path.name: path.stat().st_mode for path in Path(env["DATA_DIR"]).rglob("*")}


def wait_until_gone(processes: list[psutil.Process]) -> None:
    assert len(processes) > 5
    wait_until(lambda: not left_of(processes), seconds=GONE_SECONDS, what=f"none is left of {processes}")


@pytest.fixture(scope="module")
def env(folder: Path) -> dict[str, str]:
    ports = {name: str(find_free()) for name in ("API_PORT", "IM_PORT", "FLOWER_PORT")}
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**inherited, **ports, "DATA_DIR": str(folder / "run")}


@pytest.fixture
def start(env: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(**changes: str) -> Run:
        runs.append(Run({**env, **changes}, tmp_path / f"run-{len(runs)}.log"))
        return runs[-1]

    yield start
    for run in runs:
        run.end()


def test_runner_prints_addresses_that_answer_and_sigterm_leaves_no_process(
    env: dict[str, str], start: Callable[..., Run], tmp_path: Path
) -> None:
    run = start()
    run.wait_ready()
    api, im, flower = (f"http://127.0.0.1:{env[name]}" for name in ("API_PORT", "IM_PORT", "FLOWER_PORT"))
    for url in (f"{api}/", f"{api}/v1_0", f"{im}/socket.io", f"{flower}/"):
        assert url in run.output
    assert [status(url) for url in (f"{api}/", f"{api}/readyz", f"{im}/readyz", flower)] == [200, 200, 200, 401]
    ann = Api(api).sign_up("ann")
    assert {"toutiao.sqlite3", "toutiao.sqlite3-wal", "appendonlydir", "jwt_secret"} <= set(found := files(env))
    assert [name for name, mode in found.items() if mode & 0o077] == []

    # A second runner at the same time, with its own ports and folder.
    beside = start(DATA_DIR=str(tmp_path / "other"))
    assert beside.exit_code() == 1
    assert (
        beside.output
        == f"make run: API_PORT: port {env['API_PORT']} is taken by another program; set API_PORT to another port\n"
    )
    others = {name: str(find_free()) for name in ("API_PORT", "IM_PORT", "FLOWER_PORT")}
    same_folder = start(**others)
    assert same_folder.exit_code() == 1
    assert "another `make run` works in" in same_folder.output

    started = run.children()
    run.signal(signal.SIGTERM)
    assert run.exit_code() == 0
    assert left_of(started) == []

    # The next runner reads the same data, and stops as a whole when a part dies.
    run = start()
    run.wait_ready()
    assert Api(api).get("/v1_0/user", ann)[0] == 200
    assert Api(api).post("/v1_0/authorizations", {"user_name": "ann", "password": PASSWORD})[0] == 201
    started = run.children()
    next(p for p in started if "im/main.py" in p.cmdline()).kill()
    assert run.exit_code() == 1
    assert "im was ended by SIGKILL" in run.output
    assert left_of(started) == []


def is_im_server(process: psutil.Process) -> bool:
    try:
        return "im/main.py" in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def test_killed_runner_leaves_no_process(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start(DATA_DIR=str(tmp_path / "data"))
    wait_until(lambda: any(map(is_im_server, left_of(run.children()))), seconds=START_SECONDS, what="im")
    started = run.children()

    run.signal(signal.SIGKILL)

    wait_until_gone(started)


@pytest.mark.timeout(300)
def test_ctrl_c_ends_the_runner_at_any_moment(start: Callable[..., Run], tmp_path: Path) -> None:
    def what_went_wrong(moment: float) -> str:
        ports = {name: str(find_free()) for name in ("API_PORT", "IM_PORT", "FLOWER_PORT")}
        run = start(DATA_DIR=str(tmp_path / f"data-{moment}"), **ports)
        time.sleep(moment)
        started = run.children()
        run.signal(signal.SIGINT)
        code, left = run.exit_code(), left_of(started)
        # Before it has started a process, the signal itself may end it.
        is_well = code in (0, -signal.SIGINT) and not left and "did not stop in time" not in run.output
        return "" if is_well else f"told at {moment} s: exit code {code}, {left} left\n{run.output}"

    with ThreadPoolExecutor(2) as pool:
        wrong = "\n".join(filter(None, pool.map(what_went_wrong, CTRL_C_TRIED)))

    assert not wrong, wrong


def test_second_ctrl_c_ends_the_runner_at_once(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start(DATA_DIR=str(tmp_path / "data"), IM_DRAIN_SECONDS="600")
    run.wait_ready()
    started = run.children()
    next(p for p in started if "worker" in p.cmdline()).suspend()

    def is_gone() -> bool:
        run.signal(signal.SIGINT)
        time.sleep(0.5)
        return not left_of(started)

    wait_until(is_gone, seconds=GONE_SECONDS, what="the runner ends long before its deadline")
    assert run.exit_code() == 0


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql+psycopg://user:secret@127.0.0.1:{port}/x"),
        ("BROKER_URL", "amqp://user:secret@127.0.0.1:{port}/x"),
        ("REDIS_URL", "redis://:secret@127.0.0.1:{port}/0"),
    ],
)
def test_unavailable_service_is_reported_in_one_line(
    start: Callable[..., Run], tmp_path: Path, name: str, url: str
) -> None:
    port = find_free()

    run = start(DATA_DIR=str(tmp_path / "data"), **{name: url.format(port=port)})

    assert run.exit_code() == 1
    [line] = run.output.splitlines()
    assert line.startswith(f"make run: {name}: ")
    assert f"127.0.0.1:{port}" in line
    assert "secret" not in line


def test_wrong_setting_is_reported_in_one_line(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start(DATA_DIR=str(tmp_path / "data"), IM_PORT="none")

    assert run.exit_code() == 1
    [line] = run.output.splitlines()
    assert line.startswith("make run: IM_PORT: ")
