"""One process of the system, and what it says."""

import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import Signals

Listener = Callable[[str, bytes], None]


class Process:
    """A process that leads a group of its own; each line it writes goes to the listener, from another thread."""

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
        """A service outlives the processes that use it. One that may end does so without ending the others."""
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
        """Return None while the process runs; minus the signal's number when one has ended it."""
        # The end of its output would not do: children that outlive it keep the pipe open.
        return self._popen.poll()

    def describe_end(self) -> str:
        code = self._popen.returncode
        return f"was ended by {Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def wait_for_last_words(self, seconds: float) -> None:
        """Wait until all it wrote has been passed on, unless children keep the pipe open."""
        self._reader.join(seconds)

    def _read(self) -> None:
        assert self._popen.stdout is not None  # noqa: S101  (for mypy: it is a pipe)
        for line in self._popen.stdout:
            self._listener(self.name, line)
