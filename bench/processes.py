"""Processes that end with the benchmark, and the CPU time and memory of each."""

import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import psutil

from dev import background
from dev.background import ROOT


class Process(background.Process):
    """A background process that is measured; leaving the context ends its group by force."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        folder: Path = ROOT,
        user: str | None = None,
    ) -> None:
        super().__init__(command, {**os.environ, **env}, log, folder=folder, user=user)
        self._info = psutil.Process(self.popen.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def cpu_seconds(self) -> float:
        """Return the CPU time used so far, user and system, of all threads."""
        times = self._info.cpu_times()
        return float(times.user + times.system)

    def tree_cpu_seconds(self) -> float:
        """Return the same, including its running children."""
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
        if self.popen.wait(seconds):
            raise RuntimeError(self.end_of_log())

    def has_ended(self) -> bool:
        return self.popen.poll() is not None

    def wait_ready(self, is_ready: Callable[[], bool], *, seconds: float = 60) -> None:
        """Wait until is_ready(); raise RuntimeError with the end of the log when it takes too long or dies."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self.has_ended() or time.monotonic() > deadline:
                raise RuntimeError(self.end_of_log())
            time.sleep(0.05)


_without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # HTTP_PROXY may be set


def answers(url: str) -> bool:
    """Return whether an HTTP server answers with status 200."""
    try:
        with _without_proxy.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
