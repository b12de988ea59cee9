"""The upgrade from polling to a websocket: a client sends a probe, gets an answer, and sends the upgrade packet."""

from engineio import packet as eio_packet

from im.transport import frames
from im.transport.connection import Connection
from im.transport.session import Session

_PROBE, _PROBE_ANSWER, _UPGRADE = "2probe", frames.encode(frames.TEXT, b"3probe"), "5"
_UPGRADE_TIMEOUT_SECONDS = 10  # from the handshake to the upgrade packet


class Upgrade:
    """Owns the connection until the upgrade packet. A client that sends anything else continues to poll."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._is_probed = False
        self.connection: Connection | None = None
        self.due = -1
        session.upgrading = True  # from now on a poll gets only a NOOP packet
        session.server.wheel.put(self, _UPGRADE_TIMEOUT_SECONDS)

    def on_message(self, payload: str | bytes) -> None:
        if self.connection is None:
            return
        if payload == _PROBE and not self._is_probed:
            self._is_probed = True
            self.connection.write(_PROBE_ANSWER)
            self._session.queue.put(eio_packet.Packet(eio_packet.NOOP))  # this ends a poll that waits
        elif payload == _UPGRADE and self._is_probed:
            self._session.server.wheel.remove(self)
            self.connection.owner = self._session
            self._session.complete_upgrade()
        else:
            self.on_due()

    def on_due(self) -> None:
        if self.connection is not None:
            self.connection.finish()
        self.on_end()

    def on_end(self) -> None:
        self._session.server.wheel.remove(self)
        if self._session.connection is self.connection:
            self._session.connection = None
            self._session.upgrading = False
