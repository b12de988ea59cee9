"""What arrives on a connection to a server. The kernel is told to watch it once, and not at each wait."""

import ssl
from typing import Any

from eventlet import hubs
from greenlet import getcurrent

_MOST_BYTES = 256 * 1024


class Inflow:
    """Reads for one greenlet. `close` ends its wait with an OSError, from whatever greenlet it is called."""

    def __init__(self, green: Any) -> None:
        """`green` is a socket as eventlet's patched modules make them; who made it closes it."""
        self._sock = green.fd
        self._fileno = green.fileno()
        self._listener: Any = None
        self._waiter: Any = None
        self._is_closed = False

    def read(self) -> bytes:
        """Return what has arrived, or wait; raise OSError where the connection is over."""
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
        self._forget()
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
            # Its greenlet is busy or has given others their turn. Watched on, the hub would never sleep.
            self._forget()
            return
        waiter, self._waiter = self._waiter, None
        waiter.switch()

    def _on_lost(self, _error: BaseException) -> None:
        """The descriptor was closed elsewhere. Called by the hub, which has forgotten it."""
        self._listener = None
        self.close()

    def _forget(self) -> None:
        if self._listener is not None:
            hubs.get_hub().remove(self._listener)
            self._listener = None


class SecureInflow:
    """The same over TLS, where what has arrived is known only when it is deciphered."""

    def __init__(self, green: Any, *, seconds: float) -> None:
        """`seconds` is how long the other side may be silent."""
        self._sock = green
        green.settimeout(seconds)

    def read(self) -> bytes:
        data: bytes = self._sock.recv(_MOST_BYTES)
        if not data:
            raise ConnectionResetError("the connection is closed")
        return data

    def close(self) -> None:
        """End at the next silence, or with the connection."""


def open_inflow(green: Any, *, seconds: float) -> Inflow | SecureInflow:
    return SecureInflow(green, seconds=seconds) if isinstance(green, ssl.SSLSocket) else Inflow(green)
