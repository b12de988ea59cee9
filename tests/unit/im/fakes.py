"""What stands around an IM server's parts: the library's server, and a history."""

from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

import eventlet
from redis.exceptions import ConnectionError as Disconnected

from app.history import EMPTY, Gap
from app.unread import UNKNOWN, Remembered


class FakeSocket:
    """A transport that remembers what was written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = self.closed = False
        self.is_broken = False  # a socket that no error was expected of, and has one

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def send(self, packet: Any) -> None:
        if self.is_broken:
            raise AttributeError("broken")
        self.written.append(packet.encode().encode())

    def close(self, **_options: object) -> None:
        self.is_closed = True


class FakeSio:
    """As much of socketio.Server as the parts use."""

    reason = SimpleNamespace(SERVER_DISCONNECT="server disconnect")

    def __init__(self) -> None:
        self.emitted: list[tuple[str, Any, str]] = []
        self.eio = SimpleNamespace(sockets={})
        self.manager = SimpleNamespace(eio_sid_from_sid=lambda sid, _namespace: sid)

    def emit(self, event: str, data: object, *, room: str, **_options: object) -> None:
        socket = self.eio.sockets.get(room)
        if socket is not None and socket.is_broken:
            raise AttributeError("broken")
        self.emitted.append((event, data, room))


class FakeHistory:
    """One user's history in a list; `is_away` makes it a Redis that does not answer, `is_unverified` one to doubt."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, bytes]] = []
        self.is_away = False
        self.is_unverified = False
        self.error: Exception | None = None
        self.reads = 0

    def read_after(self, _user_id: int, last_offset: str | None) -> Gap:
        if self.is_away:
            raise Disconnected("away")
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

    def read_many(self, asked: list[tuple[int, str | None]]) -> list[tuple[Gap | None, Remembered]]:
        self.history.reads += 1
        if self.history.error:
            raise self.history.error
        if self.history.is_unverified:
            return [(None, UNKNOWN)] * len(asked)
        return [(self.history.read_after(*one), self._remembered(one[0])) for one in asked]

    def _remembered(self, user_id: int) -> Remembered:
        return Remembered(self.counts.get(user_id), user_id in self.counts)


def settle() -> None:
    """Let greenlets that wait for nothing but their turn run."""
    for _ in range(5):
        eventlet.sleep(0)
