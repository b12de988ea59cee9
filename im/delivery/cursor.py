"""The position of a socket in its user's history, and a push that is encoded once for all sockets."""

import time

from engineio import packet as eio_packet

from core import wire
from core.tokens import Claims
from core.wire import Audience
from im.delivery.client import Client
from im.delivery.login import Login
from im.transport import frames
from im.transport.engineio_socket import EngineIOSocket
from im.transport.send_limits import MAX_WAITING_BYTES, MAX_WAITING_FRAMES


class PreparedMessage:
    """A packet that is encoded once for many sockets. python-engineio can send it like one of its own packets."""

    __slots__ = ("audience", "frame", "offset", "packet", "previous")

    packet_type = eio_packet.MESSAGE
    binary = False

    def __init__(self, previous: bytes, offset: bytes, packet: bytes) -> None:
        self.previous = previous
        self.offset = offset
        self.packet = packet
        self.audience = wire.audience(packet)
        self.frame = frames.encode(frames.TEXT, packet)

    @property
    def data(self) -> str:
        return self.packet[1:].decode()

    def encode(self, b64: bool = False) -> str:
        """Return the packet as python-engineio writes it."""
        return self.packet.decode()


class Cursor(Login):
    """The position of one socket in its user's history.

    It is also the login of the socket. `last` is the offset of the last notification that it got, None while that is
    unknown. `socket` is None after the client has disconnected. While `is_reading`, the history is being read, so the
    cursor holds new pushes until then. `active_at` is when the client connected or sent its last event, a value of
    time.monotonic(). This socket does not get packets of the audience `passed_over`: its position moves over them.
    """

    __slots__ = (
        "active_at",
        "held",
        "held_bytes",
        "is_disconnecting",
        "is_reading",
        "last",
        "passed_over",
        "socket",
        "user_id",
    )

    def __init__(
        self, socket: EngineIOSocket | None, claims: Claims, client: Client, *, wants_groups: bool = False
    ) -> None:
        self.log_in(claims, client)
        self.socket = socket
        self.user_id = claims.user_id
        self.passed_over = Audience.PLAIN if wants_groups else Audience.GROUPS
        self.active_at = time.monotonic()
        self.last: bytes | None = None
        self.is_reading = True
        self.is_disconnecting = False
        self.held: list[PreparedMessage] | None = None  # most sockets hold nothing for most of the time
        self.held_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether the cursor holds as much as may wait for a client."""
        return len(self.held or ()) >= MAX_WAITING_FRAMES or self.held_bytes >= MAX_WAITING_BYTES

    def hold(self, push: PreparedMessage) -> None:
        if self.held is None:
            self.held = []
        self.held.append(push)
        self.held_bytes += len(push.packet)

    def take_held(self) -> list[PreparedMessage]:
        held, self.held, self.held_bytes = self.held or [], None, 0
        return held
