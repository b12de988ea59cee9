"""Starts processes, prints what they say, and leaves none of them behind."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from honcho.colour import get_colours
from honcho.printer import Message, Printer

from dev import groups

_TICK_SECONDS = 0.1
_LAST_WORDS_SECONDS = 0.5
_GONE_SECONDS = 2
# One Ctrl-C may reach us twice, from the terminal and through make. A second one after this long means "now".
_IMPATIENT_SECONDS = 1
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Process:
    name: str
    popen: "subprocess.Popen[bytes]"
    reader: threading.Thread
    outlives_others: bool


class Runner:
    """A context: its end stops all that was started in it, gracefully for stop_seconds and then by force."""

    def __init__(self, *, root: Path, env: Mapping[str, str], stop_seconds: float, lock: int, width: int) -> None:
        """`lock` is a descriptor that the guard keeps open until nothing runs; `width` is that of the longest name."""
        self._root = root
        self._env = env
        self._stop_seconds = stop_seconds
        self._processes: list[Process] = []
        # Unlike Queue, it may be written from a signal handler while the same thread reads it.
        self._events: queue.SimpleQueue[Message | signal.Signals] = queue.SimpleQueue()
        self._printer = Printer(sys.stdout, width=width)
        self._colours = get_colours()
        self._parent = os.getppid()
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "dev.guard"],
            cwd=root,
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=[lock],
        )

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            # nohup ignores SIGHUP on purpose.
            if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGINT:
                signal.signal(number, self._note_signal)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        deadline = time.monotonic() + self._stop_seconds
        try:
            self._stop([p for p in self._processes if not p.outlives_others], deadline)
            self._stop([p for p in self._processes if p.outlives_others], time.monotonic() + self._stop_seconds)
        finally:
            for process in self._processes:
                groups.kill(process.popen.pid)
            self._guard.kill()
            self._guard.wait()

    def say(self, text: str) -> None:
        self._print("system", text, None)

    def start(self, name: str, command: Sequence[str], *, outlives_others: bool = False) -> Process:
        """Start a process as the leader of its own group."""
        popen = subprocess.Popen(
            command,
            cwd=self._root,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._tell_guard(popen.pid)
        reader = threading.Thread(target=self._read, args=(name, popen, next(self._colours)), daemon=True)
        process = Process(name, popen, reader, outlives_others)
        self._processes.append(process)
        reader.start()
        return process

    def run(self, name: str, command: Sequence[str], *, seconds: float) -> None:
        """Start a process and wait for its end; raise RunError unless it ends well and in time."""
        process = self.start(name, command)
        self._processes.remove(process)
        ...
