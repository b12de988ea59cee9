"""The HTTP server below both transports. It survives when file descriptors run out or thousands of clients connect."""

import errno
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from wsgiref.types import WSGIApplication

import eventlet
from eventlet import wsgi

from im import metrics
from im.hub.address_limits import AddressCounts
from im.hub.admission import AdmissionQueue
from im.transport.handshake_limits import BUSY, RETRY_SECONDS, SERVER_FULL, TOO_MANY, TOO_MANY_OF_ADDRESS, log_full
from im.transport.http_exchange import IDLE_TIMEOUT_SECONDS, ConnectionState, HttpExchange, RequestLimits

log = logging.getLogger(__name__)

_ACCEPTS_PER_YIELD = 32
_ACCEPT_RETRY_SECONDS = 0.2
_SEND_TIMEOUT_SECONDS = 60  # for a client to take a response
_MAX_DRAIN_BYTES = 64 * 1024
_REFUSAL = "HTTP/1.1 {}\r\nRetry-After: {}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """`connections` counts by peer. `highest_descriptor` is the highest number that the socket of a client may have."""

    requests: RequestLimits
    connections: AddressCounts
    highest_descriptor: int


def serve(listener: socket.socket, app: WSGIApplication, admission: AdmissionQueue, limits: HttpLimits) -> None:
    """Serve for ever. Switches greenlets."""
    # Each accepted socket inherits these options.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, True)
    wsgi.server(
        _Listener(listener),
        app,
        custom_pool=_AdmissionPool(admission, limits),
        protocol=partial(HttpExchange, admission=admission, limits=limits.requests),
        log_output=False,
        debug=False,  # no traceback for clients
        keepalive=IDLE_TIMEOUT_SECONDS,
        socket_timeout=_SEND_TIMEOUT_SECONDS,
    )


class _Listener:
    """A listening socket that waits when file descriptors run out, and lets other greenlets run between accepts."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._accepted = 0

    def accept(self) -> tuple[socket.socket, object]:
        """Wait for a client and accept it. Switches greenlets."""
        self._accepted += 1
        if self._accepted % _ACCEPTS_PER_YIELD == 0:
            eventlet.sleep(0)
        while True:
            try:
                return self._listener.accept()
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE):
                    raise
                log.warning("out of file descriptors, so new clients must wait (see ulimit -n): %s", error)
                eventlet.sleep(_ACCEPT_RETRY_SECONDS)

    def __getattr__(self, name: str) -> Any:  # Any: each attribute of a socket
        return getattr(self._listener, name)


class _AdmissionPool:
    """The part of a GreenPool that the HTTP server uses. A connection in the admission queue has no greenlet."""

    def __init__(self, admission: AdmissionQueue, limits: HttpLimits) -> None:
        self._admission = admission
        self._limits = limits

    def spawn(
        self, serve: Callable[[ConnectionState], None], connection: ConnectionState
    ) -> "_QueuedConnection | _RefusedConnection":
        address: str = connection[0][0]
        if connection[1].fileno() > self._limits.highest_descriptor:
            # The kernel gives the lowest free number, so all lower ones are taken.
            return _refuse(connection, BUSY, SERVER_FULL)
        if self._limits.connections.is_full(address):
            log_full(address)
            return _refuse(connection, TOO_MANY, TOO_MANY_OF_ADDRESS)
        self._limits.connections.add(address)
        queued = _QueuedConnection(serve, connection)
        queued.link(lambda *_: self._limits.connections.remove(address), connection)
        self._admission.spawn(queued.run)
        return queued

    def waitall(self) -> None:
        """Return immediately, because im/drain.py closes the clients."""


class _QueuedConnection:
    """The part of a GreenThread that the HTTP server uses."""

    def __init__(self, serve: Callable[[ConnectionState], None], connection: ConnectionState) -> None:
        self._serve = serve
        self._connection = connection
        self._links: list[tuple[Callable[..., None], ConnectionState]] = []

    def link(self, call: Callable[..., None], argument: ConnectionState) -> None:
        self._links.append((call, argument))

    def run(self) -> None:
        try:
            self._serve(self._connection)
        finally:
            for call, argument in self._links:
                call(self, argument)


class _RefusedConnection:
    """Replaces a _QueuedConnection that is never served."""

    def link(self, call: Callable[..., None], argument: ConnectionState) -> None:
        """Let the HTTP server clean up now."""
        call(self, argument)


def _refuse(connection: ConnectionState, status: str, reason: str) -> _RefusedConnection:
    """Answer before the request is read. Does not wait, so the client may miss the answer."""
    metrics.REFUSED.labels(reason).inc()
    sock: socket.socket = connection[1].fd
    with suppress(OSError):
        sock.send(_REFUSAL.format(status, RETRY_SECONDS).encode())
        sock.shutdown(socket.SHUT_WR)
        sock.recv(_MAX_DRAIN_BYTES)  # what is left unread makes the kernel reset the connection
    return _RefusedConnection()
