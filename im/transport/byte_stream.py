"""A client's connection as bytes. Each read and each write has a deadline."""

import socket
import time
from collections.abc import Iterable
from typing import Protocol

from eventlet import hubs

_WRITE_TIMEOUT_SECONDS = 60  # for a client to take a response


class GreenSocket(Protocol):
    """A socket as eventlet makes them."""

    fd: socket.socket  # the socket of the operating system; it does not block


class Stream:
    """Reads requests, and acts as the file that eventlet's HTTP server writes responses to."""

    def __init__(self, green: GreenSocket) -> None:
        """Use a socket, which the caller closes."""
        self._sock = green.fd
        self._parts: list[bytes] = []
        self.closed = False
        self.has_waited = False

    def read(self, max_bytes: int, deadline: float) -> bytes:
        """Return what has arrived, or wait for it; return b"" at the end of the stream. Can switch greenlets.

        Raise OSError, or its subclass TimeoutError. `deadline` is a value of time.monotonic().
        """
        while True:
            try:
                data = self._sock.recv(max_bytes)
            except BlockingIOError:
                self.wait(deadline)
            else:
                return data

    def wait(self, deadline: float, *, is_writing: bool = False) -> None:
        """Switch greenlets until the socket can be read, or written; raise TimeoutError."""
        self.has_waited = True
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        hubs.trampoline(self._sock, read=not is_writing, write=is_writing, timeout=seconds, timeout_exc=TimeoutError)

    def write(self, data: bytes) -> None:
        """Keep the data until flush()."""
        self._parts.append(data)

    def writelines(self, parts: Iterable[bytes]) -> None:
        self._parts += parts

    def flush(self) -> None:
        """Write what was kept; raise OSError, or its subclass TimeoutError. Can switch greenlets."""
        left = memoryview(b"".join(self._parts))
        self._parts.clear()
        deadline = time.monotonic() + _WRITE_TIMEOUT_SECONDS
        while left:
            try:
                left = left[self._sock.send(left) :]
            except BlockingIOError:
                self.wait(deadline, is_writing=True)

    def drain(self, max_bytes: int, deadline: float) -> None:
        """End the response, and read what still arrives. Can switch greenlets.

        If unread bytes were left, the kernel would reset the connection, and the client could lose the response.
        """
        try:
            self._sock.shutdown(socket.SHUT_WR)
            while max_bytes > 0:
                self.wait(deadline)
                data = self._sock.recv(max_bytes)
                if not data:
                    return
                max_bytes -= len(data)
        except OSError:
            pass

    def close(self) -> None:
        self.closed = True
