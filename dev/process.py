"""One process of the system, and its output."""

import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import Signals

Listener = Callable[[str, bytes], None]


class Process:
    """A process that leads its own group. Another thread gives each line of its output to the listener."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        folder: Path,
        listener: Listener,
        is_service: bool = False,
        may_end: bool = False,
    ) -> None:
        """A service stops after the processes that use it. The end of a process that `may_end` stops no other."""
        self.name = name
        self.is_service = is_service
        self.may_end = may_end
        self._listener = listener
        self._popen = subprocess.Popen(
            command,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.leader = self._popen.pid
        self._reader = threading.Thread(target=self._read, name=f"{name} output", daemon=True)
        self._reader.start()

    def exit_code(self) -> int | None:
        """Return None while the process runs, and minus the number of the signal if a signal has ended it."""
        # The end of the output shows nothing: children that still run keep the pipe open.
        return self._popen.poll()

    def describe_end(self) -> str:
        code = self._popen.returncode
        return f"was ended by {Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def wait_for_output(self, seconds: float) -> None:
        """Wait until the listener has all the output, unless children keep the pipe open."""
        self._reader.join(seconds)

    def _read(self) -> None:
        assert self._popen.stdout is not None  # noqa: S101  (for mypy: it is a pipe)
        for line in self._popen.stdout:
            self._listener(self.name, line)
