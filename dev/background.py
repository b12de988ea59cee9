"""A command in the background of a test or a benchmark."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class Process:
    """A process that leads its own group and writes to a log. It ends with its parent, however that ends."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], log: Path, *, folder: Path = ROOT, user: str | None = None
    ) -> None:
        self._command = command
        self._env = env
        self._folder = folder
        self._user = user
        self.log = log
        self.start()

    def start(self, **env: str) -> None:
        """Start it, again if it has ended; `env` is added to its environment."""
        with open(self.log, "ab") as log:
            self._began_at = log.tell()
            self.popen = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env={**self._env, **env},
                user=self._user,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  (it only makes a system call)
            )

    def says(self, text: str) -> bool:
        """Say whether a text is in the log since the last start."""
        return text.encode() in self.log.read_bytes()[self._began_at :]

    def end_of_log(self) -> str:
        return f"{self.log.name}: {self.log.read_text(errors='replace')[-2000:]}"

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.popen.wait(10)

    def terminate(self, *, seconds: float = 20) -> int:
        """Send SIGTERM, as an operator does; return the exit code."""
        self.popen.terminate()
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGABRT)  # Python's fault handler logs where the process hangs
            self.popen.wait(5)
            raise
        finally:
            self.signal(signal.SIGKILL)


def die_with_parent() -> None:
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
