"""Processes that end with the bench, and what each has used so far."""

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

ROOT = Path(__file__).resolve().parent.parent
_PR_SET_PDEATHSIG = 1


class Process:
    """A process in a group of its own; leaving the context ends the group by force."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path = ROOT) -> None:
        self._log = log
        with open(log, "ab") as file:
            self._popen = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, **env},
                stdout=file,
                stderr=file,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  (the bench has no threads)
            )
        self._info = psutil.Process(self._popen.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End it and what it started, now."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait(10)

    def cpu_seconds(self) -> float:
        """Return the CPU time used so far, user and system, of all threads."""
        times = self._info.cpu_times()
        return float(times.user + times.system)

    def tree_cpu_seconds(self) -> float:
        """Return the same with all that it started and that still runs."""
        times = [one.cpu_times() for one in (self._info, *self._info.children(recursive=True))]
        return float(sum(time.user + time.system for time in times))

    def rss_bytes(self) -> int:
        return int(self._info.memory_info().rss)

    def uss_bytes(self) -> int:
        return int(self._info.memory_full_info().uss)

    def open_files(self) -> int:
        return int(self._info.num_fds())

    def wait(self, seconds: float) -> None:
        """Wait for its end; raise RuntimeError when it failed."""
        if self._popen.wait(seconds):
            raise RuntimeError(self.last_words())

    def has_ended(self) -> bool:
        return self._popen.poll() is not None

    def wait_ready(self, is_ready: Callable[[], bool], *, seconds: float = 60) -> None:
        """Wait until is_ready(); raise RuntimeError with the end of the log when it takes too long or dies."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self.has_ended() or time.monotonic() > deadline:
                raise RuntimeError(self.last_words())
            time.sleep(0.05)

    def last_words(self) -> str:
        return f"{self._log.name}: {self._log.read_text(errors='replace')[-2000:]}"


_past_proxies = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # HTTP_PROXY may be set


def answers(url: str) -> bool:
    """Say whether an HTTP server answers with success."""
    try:
        with _past_proxies.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
