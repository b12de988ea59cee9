"""From polling to websocket: the client tries the new way with a probe, and comes over when it was answered."""

from typing import Any

from engineio import packet as eio_packet

from im import frames
from im.connection import Connection

_PROBE, _PROBED, _COME_OVER = "2probe", frames.encode(frames.TEXT, b"3probe"), "5"
_SECONDS = 10  # from the handshake until the client has come over


class Upgrade:
    """Owns the connection until then. A client that does anything else stays with polling."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._is_probed = False
        self.connection: Connection | None = None
        self.due = -1
        session.upgrading = True  # from now on polls are answered with nothing
        session.server.wheel.put(self, _SECONDS)

    def on_message(self, payload: str | bytes) -> None:
        if self.connection is None:
            return
        if payload == _PROBE and not self._is_probed:
            self._is_probed = True
            self.connection.write(_PROBED)
            self._session.queue.put(eio_packet.Packet(eio_packet.NOOP))  # ends a poll that is waiting
        elif payload == _COME_OVER and self._is_probed:
            self._session.server.wheel.remove(self)
            self.connection.owner = self._session
            self._session.come_over()
        else:
            self.on_due()

    def on_due(self) -> None:
        if self.connection is not None:
            self.connection.finish()
        self.on_gone()

    def on_gone(self) -> None:
        self._session.server.wheel.remove(self)
        if self._session.connection is self.connection:
            self._session.connection = None
            self._session.upgrading = False
