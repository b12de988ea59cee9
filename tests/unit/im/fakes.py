"""Fakes for the parts of an IM server: a socket, the library's server, and a history."""

from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

import eventlet
from redis.exceptions import ConnectionError as Disconnected

from core.addresses import TrustedProxies
from core.history import EMPTY, Gap
from core.replays import NOTHING_KNOWN, Missed
from core.tokens import Claims
from core.unread import Remembered
from im.delivery.client import Client
from im.hub.address_limits import AddressCounts, AddressRates, Clients
from im.hub.admission import AdmissionQueue
from im.hub.rate_limit import ClientRate
from im.transport.handshake_limits import HandshakeLimits

CLIENT = Client(address="192.0.2.1", device="Firefox")


def claims_of(user_id: str, *, expires_at: float = 2**31, family: str = "family") -> Claims:
    return Claims(user_id=user_id, issued_at=1000, expires_at=expires_at, token_id="id", family=family)


class FakeSocket:
    """A transport that remembers what was written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = self.closed = False
        self.close_reason: str | None = None
        self.is_broken = False  # whether it raises an unexpected error

    def batch(self) -> AbstractContextManager[None]:
        return nullcontext()

    def send(self, packet: Any) -> None:
        if self.is_broken:
            raise AttributeError("broken")
        self.written.append(packet.encode().encode())

    def close(self, **_options: object) -> None:
        self.is_closed = True

    def disconnect_for(self, limit: str) -> None:
        self.is_closed = True
        self.close_reason = limit


class FakeSio:
    """The members of socketio.Server that the parts use."""

    def __init__(self) -> None:
        self.emitted: list[tuple[str, Any, str]] = []
        self.disconnected: list[str] = []
        self.eio = SimpleNamespace(sockets={}, admission=AdmissionQueue())
        self.members: dict[str, str] = {}  # of each room
        self.manager = SimpleNamespace(
            eio_sid_from_sid=lambda sid, _namespace: sid, members=lambda _namespace, _room: self.members.items()
        )

    def emit(self, event: str, data: object, *, room: str, **_options: object) -> None:
        socket = self.eio.sockets.get(room)
        if socket is not None and socket.is_broken:
            raise AttributeError("broken")
        self.emitted.append((event, data, room))

    def disconnect(self, sid: str, **_options: object) -> None:
        self.disconnected.append(sid)


class FakeHistory:
    """The history of one user, in a list. The flags make Redis unavailable, or its data unverified."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, bytes]] = []
        self.is_unavailable = False
        self.is_unverified = False
        self.error: Exception | None = None
        self.reads = 0

    def read_after(self, _user_id: str, last_offset: str | None) -> Gap:
        if self.is_unavailable:
            raise Disconnected("unavailable")
        offsets = [EMPTY, *(offset for offset, _ in self.entries)]
        if last_offset is None:
            return Gap(is_covered=True, packets=[], newest=offsets[-1])
        if last_offset not in offsets:
            return Gap(is_covered=False, packets=[], newest=offsets[-1])
        return Gap(is_covered=True, packets=self.entries[offsets.index(last_offset) :], newest=offsets[-1])


class FakeReplays:
    """A history, and unread counts by user id."""

    def __init__(self) -> None:
        self.history = FakeHistory()
        self.counts: dict[int, int] = {}

    def read_many(self, requests: list[tuple[int, str | None]]) -> list[Missed]:
        self.history.reads += 1
        if self.history.error:
            raise self.history.error
        if self.history.is_unverified:
            return [NOTHING_KNOWN] * len(requests)
        return [Missed(self.history.read_after(*one), self._remembered(one[0])) for one in requests]

    def _remembered(self, user_id: str) -> Remembered:
        return Remembered(self.counts.get(user_id), user_id in self.counts)


def generous_limits() -> dict[str, Any]:
    """Return the limits of a Socket.IO server, as keywords of its constructor, which no test reaches by accident."""
    clients = Clients(TrustedProxies())
    return {
        "clients": clients,
        "handshakes": HandshakeLimits(
            sessions=1000,
            per_second=1000,
            by_address=AddressCounts(clients, most=1000),
            rates=AddressRates(clients, per_second=1000),
        ),
        "client_rate": ClientRate(messages_per_second=200, bytes_per_second=200 * 1024),
        "connect_seconds": 15,
    }


def settle() -> None:
    """Let all greenlets run that are ready to run."""
    for _ in range(5):
        eventlet.sleep(0)
