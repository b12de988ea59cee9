"""What a push is to a socket, and what is known of the sockets of users."""

from typing import Any

from engineio import packet as eio_packet

from app.history import EMPTY, Gap
from app.unread import Remembered
from im import frames
from im.backlog import MOST_BYTES, MOST_FRAMES


class Push:
    """One notification on its way to a socket, encoded once for all; it passes for a packet of python-engineio."""

    __slots__ = ("frame", "offset", "packet", "previous")

    packet_type = eio_packet.MESSAGE
    binary = False

    def __init__(self, previous: bytes, offset: bytes, packet: bytes) -> None:
        self.previous = previous
        self.offset = offset
        self.packet = packet
        self.frame = frames.encode(frames.TEXT, packet)

    @property
    def data(self) -> str:
        return self.packet[1:].decode()

    def encode(self, b64: bool = False) -> str:
        """Return the packet as python-engineio writes it."""
        return self.packet.decode()


class Seat:
    """A socket of a user, None when it has left. `last` is the offset it has had, None while nobody knows."""

    __slots__ = ("held", "held_bytes", "is_reading", "is_sent_away", "last", "socket", "user_id")

    def __init__(self, socket: Any, user_id: int) -> None:
        self.socket: Any = socket
        self.user_id = user_id
        self.last: bytes | None = None
        self.is_reading = True
        self.is_sent_away = False
        self.held: list[Push] = []
        self.held_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether as much is held as may wait for a client."""
        return len(self.held) >= MOST_FRAMES or self.held_bytes >= MOST_BYTES

    def hold(self, push: Push) -> None:
        self.held.append(push)
        self.held_bytes += len(push.packet)

    def take_held(self) -> list[Push]:
        held, self.held, self.held_bytes = self.held, [], 0
        return held


def is_forgotten(last_offset: str | None, gap: Gap, unread: Remembered) -> bool:
    """Tell an empty history from one that was lost: a Redis that forgot it has forgotten the unread count as well."""
    return last_offset == EMPTY and gap.newest == EMPTY and not unread.is_any
