"""Open sockets of users, on fakes: for tests of what closes them."""

from collections.abc import Callable

from im.delivery.closing import Closer
from im.delivery.cursor import Cursor
from im.delivery.delivery import Delivery
from tests.unit.im.fakes import CLIENT, FakeReplays, FakeSio, FakeSocket, claims_of, settle


class OpenSockets:
    """Each socket is named by its id. All of them are in the room of every user, as FakeSio knows only one room."""

    def __init__(self) -> None:
        self.sio = FakeSio()
        self.delivery = Delivery(self.sio, FakeReplays())
        self.closer = Closer(self.sio)
        self.sockets: dict[str, FakeSocket] = {}

    def open(self, sid: str, user_id: str = "7", *, expires_at: float = 2**31, family: str = "family") -> Cursor:
        self.sockets[sid] = self.sio.eio.sockets[sid] = FakeSocket()
        self.sio.members[sid] = sid
        claims = claims_of(user_id, expires_at=expires_at, family=family)
        return self.delivery.open_cursor(sid, sid, claims, CLIENT)

    @property
    def closed(self) -> dict[str, str | None]:
        """The reasons that closed sockets were given."""
        settle()
        return {sid: socket.close_reason for sid, socket in self.sockets.items() if socket.is_closed}

    def got(self, event: str) -> list[str]:
        """Return the ids of the sockets that got an event."""
        settle()
        return [room for name, _data, room in self.sio.emitted if name == event]


class FakeClock:
    def __init__(self, now: float = 0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_time(self, seconds: float, tick: Callable[[], None] = lambda: None) -> None:
        """Let time pass, second by second."""
        for _ in range(int(seconds)):
            self.now += 1
            tick()
