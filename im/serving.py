"""The HTTP server below the fast transport: it lets go of the sockets of websockets, and paces a storm of clients."""

import errno
import logging
import re
import socket
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet import wsgi

from im.headers import read_headers
from im.turns import Turns

log = logging.getLogger(__name__)

# An absolute path alone, as clients of Engine.IO send it.
_REQUEST = re.compile(rb"(GET|POST|OPTIONS) (/(?!/)[!-~]*) HTTP/1\.1\r?\n")

_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

_ACCEPTED_AT_ONCE = 32
_PAUSE_SECONDS = 0.2
_REQUEST_SECONDS = 60  # for a client to send what it has begun
_IDLE_SECONDS = 75


def serve(listener: Any, app: Any, turns: Turns) -> None:
    """Serve for ever."""
    # Each socket that is accepted inherits them.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, True)
    wsgi.server(
        _Listener(listener),
        app,
        custom_pool=_Entrance(turns),
        protocol=_Protocol,
        log_output=False,
        keepalive=_IDLE_SECONDS,
        socket_timeout=_REQUEST_SECONDS,
    )


class _Listener:
    """A listening socket that survives a want of descriptors, and gives others their turn."""

    def __init__(self, listener: Any) -> None:
        self._listener = listener
        self._accepted = 0

    def accept(self) -> Any:
        self._accepted += 1
        if self._accepted % _ACCEPTED_AT_ONCE == 0:
            eventlet.sleep(0)
        while True:
            try:
                return self._listener.accept()
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE):
                    raise
                log.warning("no more descriptors, so clients have to wait (see ulimit -n): %s", error)
                eventlet.sleep(_PAUSE_SECONDS)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listener, name)


class _Entrance:
    """As much of a GreenPool as the HTTP server asks for. A connection that waits for its turn costs no greenlet."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def spawn(self, serve: Callable[[Any], None], connection: Any) -> "_Arrival":
        arrival = _Arrival(serve, connection)
        self._turns.spawn(arrival.run)
        return arrival

    def waitall(self) -> None:
        """Wait for nobody: im/drain.py closes the clients."""


class _Arrival:
    def __init__(self, serve: Callable[[Any], None], connection: Any) -> None:
        self._serve = serve
        self._connection = connection
        self._links: list[tuple[Callable[..., None], Any]] = []

    def link(self, call: Callable[..., None], argument: Any) -> None:
        self._links.append((call, argument))

    def run(self) -> None:
        try:
            self._serve(self._connection)
        finally:
            for call, argument in self._links:
                call(self, argument)


class _Quiet:
    """Stands where the server's clean-up finds a socket, and would shut it down for both descriptors."""

    def shutdown(self, _how: int) -> None: ...

    def close(self) -> None: ...


class Discreet(wsgi.HttpProtocol):
    """Keeps requests out of the log, those that make no sense too: their addresses may hold tokens."""

    def log_message(self, format: str, *args: object) -> None: ...


class _Protocol(Discreet):
    """Parses what clients send in earnest at a third of the library's price, and leaves the rest to it."""

    def parse_request(self) -> bool:
        line = _REQUEST.fullmatch(self.raw_requestline)
        if line is None:
            return bool(super().parse_request())
        self.requestline = self.raw_requestline.decode("latin-1").rstrip("\r\n")
        self.command, self.path, self.request_version = line[1].decode(), line[2].decode("latin-1"), "HTTP/1.1"
        try:
            self.headers = read_headers(self.rfile.readline)
        except ValueError:
            self.wfile.write(_BAD_REQUEST)
            self.close_connection = True
            return False
        self.close_connection = self.headers.get("connection", "").lower() == "close"
        return True

    def finish(self) -> None:
        if not getattr(self.connection, "is_taken", False):
            super().finish()
            return
        self.conn_state[1] = _Quiet()
        # Closed here, or the collector does it later, at a bad time.
        for part in (self.rfile, self.wfile, self.connection):
            part.close()
