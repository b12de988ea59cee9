"""Reads the bytes of one connection to a server. It registers the socket with the hub once, and not for each wait."""

import ssl

from eventlet import hubs
from eventlet.greenio import GreenSocket
from eventlet.hubs.hub import FdListener
from greenlet import getcurrent, greenlet

_MOST_BYTES = 256 * 1024


class SocketReader:
    """Reads for one greenlet. `close`, which any greenlet may call, ends a waiting read with an OSError."""

    def __init__(self, green: GreenSocket) -> None:
        """`green` is an eventlet socket. Its creator closes it."""
        self._sock = green.fd
        self._fileno = green.fileno()
        self._listener: FdListener | None = None
        self._waiter: greenlet | None = None
        self._is_closed = False

    def read(self) -> bytes:
        """Return what has arrived, or wait for it (switches greenlets). Raise OSError when the connection is closed."""
        while not self._is_closed:
            try:
                data: bytes = self._sock.recv(_MOST_BYTES)
            except BlockingIOError:
                self._wait()
            else:
                if data:
                    return data
                break
        raise ConnectionResetError("the connection is closed")

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._unregister()
        if self._waiter is not None:
            waiter, self._waiter = self._waiter, None
            hubs.get_hub().schedule_call_global(0, waiter.switch)

    def _wait(self) -> None:
        hub = hubs.get_hub()
        if self._listener is None:
            self._listener = hub.add(hub.READ, self._fileno, self._on_readable, self._on_lost, None)
        self._waiter = getcurrent()
        hub.switch()

    def _on_readable(self, _fileno: int) -> None:
        if self._waiter is None:
            # The reading greenlet is busy or has yielded. The hub would call again at once and never sleep.
            self._unregister()
            return
        waiter, self._waiter = self._waiter, None
        waiter.switch()

    def _on_lost(self, _error: BaseException) -> None:
        """Handle a descriptor that other code has closed. The hub calls this, and has removed the listener."""
        self._listener = None
        self.close()

    def _unregister(self) -> None:
        if self._listener is not None:
            hubs.get_hub().remove(self._listener)
            self._listener = None


class SecureSocketReader:
    """The same over TLS, where only the TLS layer knows whether data has arrived."""

    def __init__(self, green: ssl.SSLSocket, *, seconds: float) -> None:
        """`seconds` is how long the server may send nothing."""
        self._sock = green
        green.settimeout(seconds)

    def read(self) -> bytes:
        data = self._sock.recv(_MOST_BYTES)
        if not data:
            raise ConnectionResetError("the connection is closed")
        return data

    def close(self) -> None:
        """Do nothing: a read ends by its timeout, or when the connection is closed."""


def open_socket_reader(green: GreenSocket, *, seconds: float) -> SocketReader | SecureSocketReader:
    return SecureSocketReader(green, seconds=seconds) if isinstance(green, ssl.SSLSocket) else SocketReader(green)
