"""`make chaos` itself: it ends with its results, also when it is stopped."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import wait_until
from tests.system import ROOT, Process

COMMAND = [sys.executable, "-u", "-m", "tests.failure", "--shape", "redis+sqlite", "--case", "no fault"]


def test_run_prints_a_summary_table() -> None:
    done = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "[1/1, " in done.stdout
    assert ["all", "1", "0"] in [line.split()[:3] for line in done.stdout.splitlines()]
    assert "rare state: a push that was not yet marked as dispatched: NEVER REACHED" in done.stdout
    assert "1 of 1 cases in " in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_run_prints_how_many_cases_were_done(number: signal.Signals, tmp_path: Path) -> None:
    process = Process(COMMAND, dict(os.environ), tmp_path / "log")
    wait_until(lambda: process.says("1 cases, logs in"), seconds=30, what="the run has started")

    process.popen.send_signal(number)

    assert process.popen.wait(60) == 128 + number
    assert process.says("0 of 1 cases in ")
