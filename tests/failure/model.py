"""The real core and the real delivery in one process, around a message queue that is a list: what the model drives."""

import json
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import eventlet
from redis import Redis
from sqlalchemy import select

from app import events, tokens
from app.cache import RedisError
from app.db import Database
from app.epochs import Epochs
from app.history import History
from app.models import Notification
from app.profiles import UserProfileCache
from app.replays import Replays
from app.services import accounts, dispatch_state, followings, inbox, outbox
from app.unread import UnreadCache
from im.chat import Chat
from im.delivery import Delivery
from im.notify import Notify
from im.rooms import PushRooms
from im.welcome import Welcome
from tests.failure.memory import Memory
from tests.unit.im.fakes import FakeSio, FakeSocket, settle

_SECRET = "s" * 32
_RETRY_SECONDS = (0.01,) * 10  # a model has less patience


class Crash(BaseException):
    """A process died here, so nothing that handles errors sees it."""


class CrashAfter:
    """Something of which one method does its work, and then the process dies."""

    def __init__(self, inner: Any, name: str) -> None:
        self._inner, self._name = inner, name

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        return self._die_after(method) if name == self._name else method

    def _die_after(self, method: Callable[..., object]) -> Callable[..., object]:
        def die(*args: object, **options: object) -> object:
            method(*args, **options)
            raise Crash

        return die


class Sio(FakeSio):
    """As much of socketio.Server as a connect needs; what it emits goes to the client in order with the pushes."""

    def __init__(self) -> None:
        super().__init__()
        self.eio.generate_id = lambda: uuid.uuid4().hex
        self.manager = PushRooms()
        self.manager.server = self

    def enter_room(self, sid: str, room: str) -> None:
        self.manager.basic_enter_room(sid, "/", room, eio_sid=self.manager.eio_sid_from_sid(sid, "/"))

    def emit(self, event: str, data: object, *, room: str, **_options: object) -> None:
        socket = self.eio.sockets[self.manager.eio_sid_from_sid(room, "/")]
        socket.written.append(events.encode_packet(event, data))


class Server:
    """An IM server. While it is deaf, what is published does not come to it."""

    def __init__(self, core: "Core") -> None:
        self.sio = Sio()
        self.is_deaf = False
        self.delivery = self.sio.manager.delivery = Delivery(self.sio, core.replays, retry_seconds=_RETRY_SECONDS)
        presence: Any = SimpleNamespace(came=lambda _user: None, left=lambda _user: None)
        self.notify = Notify(self.sio, secret=_SECRET, delivery=self.delivery, presence=presence)
        self.welcome = Welcome(self.sio, chat=Chat(self.sio), delivery=self.delivery, replays=core.replays)

    def take(self, message: bytes) -> None:
        if not self.is_deaf:
            self.sio.manager.take(message)
            settle()

    def wait_caught_up(self) -> None:
        """Give sockets that could not catch up the time to try once more."""
        for _ in range(50):
            if not any(seat.is_reading and not seat.is_sent_away for seat in self.delivery._seats.values()):
                return
            eventlet.sleep(0.01)

    def hear(self) -> None:
        self.is_deaf = False
        self.delivery.catch_up_all()
        settle()


class Page:
    """One device of a user."""

    def __init__(self, core: "Core", user_id: int) -> None:
        self.user_id = user_id
        self.memory = Memory(lambda: core.read_inbox(user_id))
        self.socket = FakeSocket()
        self.server: Server | None = None
        self._sid = ""

    @property
    def is_open(self) -> bool:
        if self.socket.is_closed:
            self.leave()
        return self.server is not None

    def come(self, server: Server) -> None:
        eio_sid, self.server, self.socket = uuid.uuid4().hex, server, FakeSocket()
        server.sio.eio.sockets[eio_sid] = self.socket
        self._sid = server.sio.manager.connect(eio_sid, "/")
        self.memory.begin()
        offset = self.memory.offset
        auth = {"token": tokens.sign(_SECRET, user_id=self.user_id), **({"last_offset": offset} if offset else {})}
        server.welcome.soon(self._sid, server.notify.connect(self._sid, {}, auth))
        settle()

    def leave(self) -> None:
        """Lose the connection, and what was written to it and not yet read."""
        if self.server is not None:
            self.server.notify.disconnect(self._sid)
            self.server.sio.manager.basic_disconnect(self._sid, "/")
        self.server = None
        self.socket = FakeSocket()

    def read(self) -> None:
        """Handle what has arrived."""
        written, self.socket.written = self.socket.written, []
        for packet in written:
            self.memory.handle(*json.loads(packet[2:]))


class Core:
    """Database, caches and message queue, with users of its own; `push_batch` is the task's work."""

    def __init__(self, database: Database, redis: Redis, push_batch: Callable[..., int]) -> None:
        self.database, self.redis = database, redis
        self.queue: list[bytes] = []
        self.history = History(redis, length=1000, seconds=3600)
        self.unread = UnreadCache(redis)
        self.replays = Replays(redis, self.history, self.unread)
        self.profiles = UserProfileCache(redis, self._load)
        self._push_batch = push_batch
        self.epochs = Epochs(redis)
        redis.flushall()
        with database.transaction() as connection:
            dispatch_state.establish(connection, self.epochs)
        self.users = [self._sign_up() for _ in range(3)]

    def push(self, pushes: list[bytes]) -> None:
        """What an emitter does."""
        self.queue += pushes

    def dispatch(self, *, crash_after: tuple[str, str] | None = None, limit: int = 3) -> int:
        """Push one batch; die after a part (profiles, history, emitter) did something."""
        from tasks.resources import Resources

        parts: dict[str, Any] = {"profiles": self.profiles, "history": self.history, "emitter": self}
        if crash_after:
            part, method = crash_after
            parts[part] = CrashAfter(parts[part], method)
        to = Resources(database=self.database, epochs=self.epochs, unread=self.unread, **parts)
        return self._push_batch(to, limit=limit)

    def follow(self, follower: int, target: int) -> bool:
        with self.database.one_statement() as connection:
            return followings.follow(connection, follower_id=follower, target_id=target)

    def unfollow(self, follower: int, target: int) -> None:
        with self.database.transaction() as connection:
            followings.unfollow(connection, follower_id=follower, target_id=target)

    def mark_read(self, user_id: int) -> None:
        with self.database.transaction() as connection:
            inbox.mark_read(connection, user_id, up_to=tokens.LARGEST_ID)
        self.queue += self._count_unread(user_id)

    def read_inbox(self, user_id: int) -> list[int]:
        """Read as the API does, which keeps the unread count as well."""
        self._count_unread(user_id)
        with self.database.reading() as connection:
            return [row.id for row in inbox.page(connection, user_id, limit=1000, before=None)]

    def actors_told(self, user_id: int) -> list[int]:
        """Return who did what a user was told of, oldest first."""
        mine = select(Notification.actor_id).where(Notification.recipient_id == user_id).order_by(Notification.id)
        with self.database.reading() as connection:
            return list(connection.execute(mine).scalars())

    def waiting(self) -> int:
        with self.database.reading() as connection:
            return outbox.depth(connection)[0]

    def _count_unread(self, user_id: int) -> list[bytes]:
        read_at = self.unread.moment()
        with self.database.reading() as connection:
            count = inbox.unread_count(connection, user_id)
        return self._keep({user_id: count}, read_at, is_first=False)

    def _load(self, user_ids: list[int]) -> Any:
        with self.database.reading() as connection:
            return accounts.load_profiles(connection, user_ids)

    def _sign_up(self) -> int:
        with self.database.transaction() as connection:
            user = accounts.sign_up(connection, name=uuid.uuid4().hex, password_hash="none")
        self._keep({user["id"]: 0}, self.unread.moment(), is_first=True)
        return user["id"]

    def _keep(self, counts: dict[int, int], read_at: int, *, is_first: bool) -> list[bytes]:
        """Set as the API does, which compares Redis with the database where its data is unverified."""
        try:
            return self.unread.set(counts, read_at=read_at, is_first=is_first)
        except RedisError:
            with self.database.transaction() as connection:
                dispatch_state.establish(connection, self.epochs)
            return self.unread.set(counts, read_at=read_at, is_first=is_first)
