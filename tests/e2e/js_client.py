"""The official JavaScript client, in a process of its own."""

import json
import subprocess
from types import TracebackType
from typing import Any, Self

from tests.services import missing
from tests.system import ROOT


class JsClient:
    """Use it as a context: the process ends with the block. Its reads end with the time limit of the test."""

    def __init__(self, url: str, token: str, transports: str) -> None:
        if not (ROOT / "node_modules/socket.io-client").exists():
            missing("socket.io-client (npm ci)")
        command = ["node", "tests/e2e/js_client.mjs", url, token, transports]
        self._node = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _traceback: TracebackType | None) -> None:
        self._node.kill()
        self._node.communicate()

    def next(self, event: str) -> Any:
        """Return the data of the next event of this name; skip other events."""
        assert self._node.stdout
        for line in self._node.stdout:
            name, *data = json.loads(line)
            if name == event:
                return data[0] if data else None
            assert name != "connect_error", f"{data} before {event!r}"
        raise AssertionError(f"the client ended before {event!r}")

    def emit(self, event: str, data: object) -> Any:
        """Send an event; return its acknowledgement."""
        assert self._node.stdin
        self._node.stdin.write(json.dumps([event, data]) + "\n")
        self._node.stdin.flush()
        return self.next(f"{event} acknowledged")
