"""A client's connection as bytes: what is read, and what is written, each by a deadline."""

import socket
import time
from collections.abc import Iterable
from typing import Any

from eventlet import hubs

_WRITE_SECONDS = 60  # for a client to take an answer


class Stream:
    """Reads, and passes for the file that eventlet's HTTP server writes answers to."""

    def __init__(self, green: Any) -> None:
        """`green` is a socket as eventlet makes them; who made it closes it."""
        self._sock = green.fd
        self._parts: list[bytes] = []
        self.closed = False
        self.has_waited = False

    def read(self, most: int, deadline: float) -> bytes:
        """Return what has arrived, or wait for it; b"" where no more will come. Raise OSError, TimeoutError among them.

        `deadline` is in the time of time.monotonic().
        """
        while True:
            try:
                data: bytes = self._sock.recv(most)
            except BlockingIOError:
                self.wait(deadline)
            else:
                return data

    def wait(self, deadline: float, *, is_writing: bool = False) -> None:
        """Give others their turn until something has arrived, or can be written; raise TimeoutError."""
        self.has_waited = True
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        hubs.trampoline(self._sock, read=not is_writing, write=is_writing, timeout=seconds, timeout_exc=TimeoutError)

    def write(self, data: bytes) -> None:
        """Keep it until it is flushed."""
        self._parts.append(data)

    def writelines(self, parts: Iterable[bytes]) -> None:
        self._parts += parts

    def flush(self) -> None:
        """Write all that is kept; raise OSError, TimeoutError among them."""
        left = memoryview(b"".join(self._parts))
        self._parts.clear()
        deadline = time.monotonic() + _WRITE_SECONDS
        while left:
            try:
                left = left[self._sock.send(left) :]
            except BlockingIOError:
                self.wait(deadline, is_writing=True)

    def drain(self, most: int, deadline: float) -> None:
        """Say that this is all, and read what still comes: a close with something unread takes back what was said."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
            while most > 0:
                self.wait(deadline)
                data = self._sock.recv(most)
                if not data:
                    return
                most -= len(data)
        except OSError:
            pass

    def close(self) -> None:
        self.closed = True
