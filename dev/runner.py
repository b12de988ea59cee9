"""Starts processes, prints their output, and stops all of them."""

import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn, Self

from honcho.colour import get_colours
from honcho.printer import Message, Printer

from dev import groups
from dev.errors import RunError, StopRequested
from dev.process import Process

_TICK_SECONDS = 0.1
_OUTPUT_SECONDS = 0.5
_GONE_SECONDS = 2
# One Ctrl-C may arrive twice: from the terminal and from make. A later one means that the user wants to stop at once.
_IMPATIENT_SECONDS = 1
_WIDTH = len("valkey")


class Runner:
    """A context manager. At its end it stops all its processes: gracefully for stop_seconds, then with SIGKILL."""

    def __init__(self, *, root: Path, env: Mapping[str, str], stop_seconds: float, lock: int) -> None:
        """`lock` is a descriptor that the guard keeps open until no process runs."""
        self._root = root
        self._env = env
        self._stop_seconds = stop_seconds
        self._parent = os.getppid()
        self._processes: list[Process] = []
        # Unlike with a Queue, a signal handler may write to it while the same thread reads it.
        self._events: queue.SimpleQueue[Message | signal.Signals] = queue.SimpleQueue()
        self._printer = Printer(sys.stdout, width=_WIDTH)
        self._colours = get_colours()
        self._colour_of: dict[str, str] = {}
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "dev.guard"],
            cwd=root,
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=[lock],
        )

    def __enter__(self) -> Self:
        signal.signal(signal.SIGINT, self._note_signal)
        signal.signal(signal.SIGTERM, self._note_signal)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # under nohup it is ignored on purpose
            signal.signal(signal.SIGHUP, self._note_signal)
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self._stop([process for process in self._processes if not process.is_service])
            self._stop([process for process in self._processes if process.is_service])
        finally:
            for process in self._processes:
                groups.kill(process.leader)
            self._guard.kill()
            self._guard.wait()

    def say(self, text: str) -> None:
        """Print lines of the runner itself."""
        self._print(self._message("system", text))

    def start(self, name: str, command: Sequence[str], *, is_service: bool = False, may_end: bool = False) -> Process:
        """Start a process. Its end raises RunError, unless it may end."""
        self._colour_of[name] = next(self._colours)
        process = Process(
            name,
            command,
            env=self._env,
            folder=self._root,
            listener=lambda name, line: self._events.put(self._message(name, line)),
            is_service=is_service,
            may_end=may_end,
        )
        self._processes.append(process)
        self._tell_guard(process.leader)
        return process

    def run(self, name: str, command: Sequence[str], *, seconds: float) -> None:
        """Start a process and wait for its end. Raise RunError if it fails or takes too long."""
        process = self.start(name, command, may_end=True)
        self.wait_until(lambda: process.exit_code() is not None, seconds=seconds, or_else=lambda: f"{name} hangs")
        self._print_rest(process)
        self._processes.remove(process)
        self._tell_guard(-process.leader)
        if process.exit_code() != 0:
            raise RunError(f"{name} {process.describe_end()}")

    def wait_until(self, is_true: Callable[[], bool], *, seconds: float, or_else: Callable[[], str]) -> None:
        """Print output until is_true(). Raise RunError with the text of or_else() when it takes too long."""
        deadline = time.monotonic() + seconds
        while not is_true():
            if time.monotonic() > deadline:
                raise RunError(or_else())
            self._tick()

    def watch(self) -> NoReturn:
        """Print output until a process ends (RunError) or a stop is requested (StopRequested)."""
        while True:
            self._tick()

    def _tick(self) -> None:
        match self._next_event():
            case signal.Signals() as number:
                raise StopRequested(number.name)
            case Message() as message:
                self._print(message)
        for process in self._processes:
            if process.exit_code() is not None and not process.may_end:
                self._print_rest(process)
                raise RunError(f"{process.name} {process.describe_end()}")
        if self._is_orphan():
            raise StopRequested("make is gone")

    def _next_event(self) -> Message | signal.Signals | None:
        try:
            return self._events.get(timeout=_TICK_SECONDS)
        except queue.Empty:
            return None

    def _is_orphan(self) -> bool:
        # Without make, the parent may be a shell that lets this process run on purpose.
        return "MAKELEVEL" in os.environ and os.getppid() != self._parent

    def _print_rest(self, process: Process) -> None:
        """Print the last output of a process that has ended, and all waiting output. Keep signals for the next tick."""
        process.wait_for_output(_OUTPUT_SECONDS)
        for _ in range(self._events.qsize()):
            match self._next_event():
                case Message() as message:
                    self._print(message)
                case signal.Signals() as number:
                    self._events.put(number)

    def _stop(self, processes: Sequence[Process]) -> None:
        """Terminate processes. After stop_seconds, or another signal, kill those that still run."""
        for process in processes:
            groups.terminate(process.leader)
        begun = time.monotonic()
        while any(process.exit_code() is None for process in processes):
            waited = time.monotonic() - begun
            match self._next_event():
                case Message() as message:
                    self._print(message)
                case signal.Signals() if waited > _IMPATIENT_SECONDS:
                    break
            if waited > self._stop_seconds:
                break
        for process in processes:
            if process.exit_code() is None:
                self.say(f"{process.name} did not stop in time: killed")
            groups.kill(process.leader)
        self._wait_until_gone(processes)

    def _wait_until_gone(self, processes: Sequence[Process]) -> None:
        deadline = time.monotonic() + _GONE_SECONDS
        for process in processes:
            # exit_code() also removes the ended process from the kernel's table.
            while process.exit_code() is None or groups.is_alive(process.leader):
                if time.monotonic() > deadline:
                    break
                time.sleep(_TICK_SECONDS / 10)
            self._print_rest(process)

    def _tell_guard(self, leader: int) -> None:
        assert self._guard.stdin is not None  # noqa: S101  (for mypy: it is a pipe)
        self._guard.stdin.write(b"%d\n" % leader)
        self._guard.stdin.flush()

    def _note_signal(self, number: int, _frame: FrameType | None) -> None:
        self._events.put(signal.Signals(number))

    def _message(self, name: str, data: str | bytes) -> Message:
        return Message("line", data, datetime.now(), name, self._colour_of.get(name))

    def _print(self, message: Message) -> None:
        self._printer.write(message)
