"""The HTTP server below either transport: it survives a want of descriptors, and paces a storm of clients."""

import errno
import logging
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
from eventlet import wsgi

from im.exchange import IDLE_SECONDS, Protocol
from im.turns import Turns

log = logging.getLogger(__name__)

_ACCEPTED_AT_ONCE = 32
_PAUSE_SECONDS = 0.2
_SEND_SECONDS = 60  # for a client to take what is written to it


def serve(listener: Any, app: Any, turns: Turns) -> None:
    """Serve for ever."""
    # Each socket that is accepted inherits them.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, True)
    wsgi.server(
        _Listener(listener),
        app,
        custom_pool=_Entrance(turns),
        protocol=partial(Protocol, turns=turns),
        log_output=False,
        debug=False,  # no traceback for clients
        keepalive=IDLE_SECONDS,
        socket_timeout=_SEND_SECONDS,
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
