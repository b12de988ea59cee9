"""What the model drives: the real core and the real delivery in one process, with a list as the message queue."""

import json
import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any

import eventlet
from redis import Redis
from sqlalchemy import func, select, update

from app.events import CommentNotify, FollowingNotify
from app.services import accounts, followings, relations
from core import dispatch_state, groups, inbox, inbox_counts, inbox_marks, outbox, tokens, wire, withdrawals
from core.cache import RedisError
from core.counters import Counters
from core.db import Database
from core.epochs import Epochs
from core.history import History
from core.inbox_filters import EVERYTHING, Filter
from core.inbox_marks import Change
from core.inbox_states import Marked
from core.models import Notification, NotificationGroup
from core.profiles import UserProfileCache
from core.replays import Replays
from core.signatures import without_signature
from core.unread import Counts, UnreadCache
from im.delivery.chat import Chat
from im.delivery.connect import ConnectHandlers
from im.delivery.delivery import Delivery
from im.delivery.replay import Replay
from im.subscription.receiver import PushReceiver
from im.subscription.rooms import IndexedRooms
from tests.failure.memory import Memory
from tests.unit.im.fakes import FakeSio, FakeSocket, settle

_SECRET = "a secret that only the tests use"
_RETRY_SECONDS = (0.01,) * 10  # shorter than in production


class Crash(BaseException):
    """A process died here. No handler of Exception catches it."""


class CrashAfter:
    """An object whose process dies after one of its methods has done its work."""

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
    """The part of socketio.Server that a connect needs. What it emits reaches the client in order with the pushes."""

    def __init__(self) -> None:
        super().__init__()
        self.eio.generate_id = lambda: uuid.uuid4().hex
        self.manager = IndexedRooms()
        self.manager.server = self

    def enter_room(self, sid: str, room: str) -> None:
        self.manager.basic_enter_room(sid, "/", room, eio_sid=self.manager.eio_sid_from_sid(sid, "/"))

    def emit(self, event: str, data: object, *, room: str, **_options: object) -> None:
        socket = self.eio.sockets[self.manager.eio_sid_from_sid(room, "/")]
        socket.written.append(wire.encode_packet(event, data))


class _Nothing:
    """Has every method, and does nothing."""

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_arguments: None


class Server:
    """An IM server. While `is_stalled`, it receives nothing of what is published."""

    def __init__(self, core: "Core") -> None:
        self.sio = Sio()
        self.is_stalled = False
        self.delivery = Delivery(self.sio, core.replays, retry_seconds=_RETRY_SECONDS)
        self.receiver = PushReceiver(
            self.sio.manager,
            authenticate=without_signature,
            deliver=self.delivery.deliver,
            on_canary=lambda _: None,
        )
        nothing: Any = _Nothing()  # what a socket costs, and how long it may stay, are not part of the model
        check: Any = SimpleNamespace(verify=lambda token: tokens.verify((_SECRET,), token))
        self.connects = ConnectHandlers(
            self.sio, check=check, delivery=self.delivery, presence=nothing, limits=nothing, expiry=nothing
        )
        self.replay = Replay(self.sio, chat=Chat(self.sio), delivery=self.delivery, replays=core.replays)

    def receive(self, message: bytes) -> None:
        if not self.is_stalled:
            self.receiver.receive(message)
            settle()

    def wait_caught_up(self) -> None:
        """Give sockets that could not catch up the time to retry."""
        for _ in range(50):
            if not any(cursor.is_reading and not cursor.is_disconnecting for cursor in self.delivery._cursors.values()):
                return
            eventlet.sleep(0.01)

    def resubscribe(self) -> None:
        self.is_stalled = False
        self.delivery.catch_up_all()
        settle()


class InProcessClient:
    """A client of a user, connected to a Server in this process."""

    auth: Mapping[str, object] = MappingProxyType({})  # beside its token and offset

    def __init__(self, core: "Core", user_id: int) -> None:
        self.user_id = user_id
        self.memory = Memory(lambda: core.read_inbox(user_id))
        self.socket = FakeSocket()
        self.server: Server | None = None
        self._sid = ""

    @property
    def is_open(self) -> bool:
        if self.socket.is_closed:
            self.disconnect()
        return self.server is not None

    def connect(self, server: Server) -> None:
        eio_sid, self.server, self.socket = uuid.uuid4().hex, server, FakeSocket()
        server.sio.eio.sockets[eio_sid] = self.socket
        self._sid = server.sio.manager.connect(eio_sid, "/")
        self.memory.begin()
        offset = self.memory.offset
        known = {"last_offset": offset} if offset else {}
        auth = {"token": tokens.sign(_SECRET, user_id=self.user_id), **known, **self.auth}
        server.replay.soon(self._sid, server.connects.connect(self._sid, {}, auth))
        settle()

    def disconnect(self) -> None:
        """Lose the connection, and what was written to its socket and not yet read."""
        if self.server is not None:
            self.server.connects.disconnect(self._sid)
            self.server.sio.manager.basic_disconnect(self._sid, "/")
        self.server = None
        self.socket = FakeSocket()

    def read(self) -> None:
        """Handle what has arrived at the socket."""
        written, self.socket.written = self.socket.written, []
        for packet in written:
            self.memory.handle(*json.loads(packet[2:]))


class Core:
    """Database, caches and message queue with three users; `push_batch` is the task's function."""

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
        """Put pushes into the message queue, as an emitter does."""
        self.queue += pushes

    def dispatch(self, *, crash_after: tuple[str, str] | None = None, limit: int = 3) -> int:
        """Push one batch; crash after a method of a part (profiles, history, emitter)."""
        return self._push_batch(self._resources(crash_after), limit=limit)

    def tell_due(self, *, crash_after: tuple[str, str] | None = None) -> int:
        """Tell sockets of the groups that are due, as the task does; crash as in `dispatch`."""
        from tasks.due_groups import tell_due

        return tell_due(self._resources(crash_after), limit=3)

    def let_groups_wait(self, seconds: int) -> None:
        """Move all times of groups into the past."""
        table = NotificationGroup
        times = {column.key: column - seconds for column in (table.opened_at, table.told_at, table.due_at)}
        with self.database.transaction() as connection:
            connection.execute(update(table).values(times))

    def due_groups(self) -> int:
        with self.database.reading() as connection:
            return groups.depth(connection)[0]

    def _resources(self, crash_after: tuple[str, str] | None) -> Any:
        from tasks.resources import Resources

        parts: dict[str, Any] = {"profiles": self.profiles, "history": self.history, "emitter": self}
        if crash_after:
            part, method = crash_after
            parts[part] = CrashAfter(parts[part], method)
        parts |= {"counters": Counters(self.redis), "knows": relations.load_known}
        return Resources(database=self.database, epochs=self.epochs, unread=self.unread, **parts)

    def follow(self, follower: int, target: int) -> bool:
        with self.database.one_statement() as connection:
            return followings.follow(connection, follower_id=follower, target_id=target)

    def unfollow(self, follower: int, target: int) -> None:
        with self.database.transaction() as connection:
            followings.unfollow(connection, follower_id=follower, target_id=target)

    def notify(self, actor: int, user_id: int, category: str) -> int:
        """Notify a user with an event of a category; return the id."""
        event = FollowingNotify() if category == "people" else CommentNotify(art_id=1, art_title="Rain")
        with self.database.transaction() as connection:
            inbox.add(connection, event, recipient_id=user_id, actor_id=actor)
            return int(connection.execute(select(func.max(Notification.id))).scalar_one())

    def withdraw(self, notification_id: int) -> None:
        with self.database.transaction() as connection:
            withdrawals.withdraw(connection, notification_id)

    def mark(self, user_id: int, ids: list[int], change: Change) -> list[int]:
        with self.database.transaction() as connection:
            return inbox_marks.mark(connection, str(user_id), ids, change)

    def mark_filter(self, user_id: int, filter: Filter, change: Change) -> list[int]:
        with self.database.transaction() as connection:
            return inbox_marks.mark_batch(connection, str(user_id), filter, change)[0]

    def tell_marks(self, user_id: int, marked: Marked) -> None:
        """Tell marks as the task does."""
        from tasks.inbox import tell_marks

        to: Any = SimpleNamespace(database=self.database, unread=self.unread, emitter=self)
        tell_marks(to, str(user_id), [marked])

    def mark_read(self, user_id: int) -> None:
        with self.database.transaction() as connection:
            inbox_marks.mark_batch(connection, str(user_id), EVERYTHING, Change(read=True))
        self.queue += self._count_unread(user_id)

    def read_inbox(self, user_id: int) -> list[int]:
        """Read the inbox as the API does, which also caches the unread count."""
        self._count_unread(user_id)
        with self.database.reading() as connection:
            return [row.id for row in inbox.page(connection, str(user_id), limit=1000, before=None)]

    def read_page(self, user_id: int, filter: Filter) -> list[int]:
        with self.database.reading() as connection:
            return [row.id for row in inbox.page(connection, str(user_id), filter, limit=1000)]

    def read_groups(self, user_id: int, filter: Filter) -> list[tuple[int, int]]:
        """Read the list with groups as the API does: of each row its id, and how many it stands for."""
        with self.database.reading() as connection:
            rows = inbox.page(connection, str(user_id), filter, limit=1000, is_collapsed=True)
            members = inbox.members(connection, str(user_id), rows, state=filter.state)
        return [(row.id, members[row.group_id].count if row.group_id else 1) for row in rows]

    def group_ids(self, user_id: int) -> dict[int, int]:
        """Return the group of each notification that is in one."""
        mine = (Notification.recipient_id == str(user_id), Notification.group_id.is_not(None))
        with self.database.reading() as connection:
            return {row.id: row.group_id for row in connection.execute(select(Notification).where(*mine))}

    def mark_groups(self, user_id: int, ids: list[int], change: Change) -> list[int]:
        """Mark as the API does with `groups`."""
        marked = self.mark(user_id, ids, change)
        with self.database.transaction() as connection:
            gathered, is_more = inbox_marks.mark_groups(connection, str(user_id), ids, change)
        assert not is_more
        return sorted([*marked, *gathered], reverse=True)

    def count_states(self, user_id: int, filter: Filter) -> dict[str, int]:
        with self.database.reading() as connection:
            return inbox_counts.count_states(connection, str(user_id), filter)

    def states(self, user_id: int) -> tuple[dict[int, Any], Counts]:
        """Read what a device shows: the rows of the list and of the archive by id, and the counts."""
        with self.database.reading() as connection:
            lists = (inbox.page(connection, str(user_id), Filter(state), limit=1000) for state in ("all", "archived"))
            return {row.id: row for rows in lists for row in rows}, inbox_counts.count(connection, str(user_id))

    def actors_told(self, user_id: int) -> list[int]:
        """Return the actors of a user's notifications that are not withdrawn, oldest first."""
        mine = select(Notification.actor_id).where(
            Notification.recipient_id == str(user_id), Notification.withdrawn_at.is_(None)
        )
        with self.database.reading() as connection:
            return [int(actor) for actor in connection.execute(mine.order_by(Notification.id)).scalars()]

    def waiting(self) -> int:
        with self.database.reading() as connection:
            return outbox.depth(connection)[0]

    def _count_unread(self, user_id: int) -> list[bytes]:
        read_at = self.unread.moment()
        with self.database.reading() as connection:
            counts = inbox_counts.count(connection, str(user_id))
        return self._keep({str(user_id): counts}, read_at, create_missing=False)

    def _load(self, user_ids: list[str]) -> Any:
        with self.database.reading() as connection:
            return accounts.load_profiles(connection, user_ids)

    def _sign_up(self) -> int:
        with self.database.transaction() as connection:
            user = accounts.sign_up(connection, name=uuid.uuid4().hex, password_hash="none")
        self._keep({str(user["id"]): Counts()}, self.unread.moment(), create_missing=True)
        return user["id"]

    def _keep(self, counts: dict[str, Counts], read_at: int, *, create_missing: bool) -> list[bytes]:
        """Cache counts as the API does; verify the data of Redis first if it is unverified."""
        try:
            return self.unread.set(counts, read_at=read_at, create_missing=create_missing)
        except RedisError:
            with self.database.transaction() as connection:
                dispatch_state.establish(connection, self.epochs)
            return self.unread.set(counts, read_at=read_at, create_missing=create_missing)
