"""What a client gets when it is connected: the greeting, what it missed, `sync`. For all who came meanwhile at once."""

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import eventlet

from app import events
from app.cache import RedisError
from app.history import EMPTY, Gap
from app.replays import Replays
from app.unread import UNKNOWN, Remembered
from im import metrics
from im.chat import Chat
from im.delivery import Delivery
from im.notify import Greeting
from im.pace import Pace
from im.seats import is_forgotten

log = logging.getLogger(__name__)

_AT_ONCE = 64

_Guest = tuple[str, Greeting]


class Welcome:
    """One greenlet serves all who wait, and reads for them together: a storm costs Redis few round trips."""

    def __init__(self, sio: Any, *, chat: Chat, delivery: Delivery, replays: Replays) -> None:
        self._sio = sio
        self._chat = chat
        self._delivery = delivery
        self._replays = replays
        self._waiting: deque[_Guest] = deque()
        self._is_serving = False
        self._pace = Pace()

    def soon(self, sid: str, greeting: Greeting) -> None:
        """Welcome a client when its connect handler, and so the packet that tells it of the connect, is done."""
        self._waiting.append((sid, greeting))
        if not self._is_serving:
            self._is_serving = True
            eventlet.spawn_n(self._serve)

    def _serve(self) -> None:
        try:
            while self._waiting:
                guests = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
                self._serve_some(guests)
        finally:
            self._is_serving = False

    def _serve_some(self, guests: list[_Guest]) -> None:
        for sid, greeting in guests:
            if greeting.user_id is None:
                self._alone(sid, self._greet, sid, greeting)
        # Who has left meanwhile has no seat any more, and costs no reading.
        users = [guest for guest in guests if guest[1].user_id is not None and self._delivery.has_seat(guest[0])]
        if not users:
            return
        for (sid, greeting), (gap, unread) in zip(users, self._read(users), strict=True):
            self._alone(sid, self._welcome, sid, greeting, gap, unread)

    def _alone(self, sid: str, serve: Callable[..., None], *arguments: object) -> None:
        """Serve one client: what goes wrong ends its connection, and no other client waits for it."""
        try:
            serve(*arguments)
        except Exception:  # noqa: BLE001  (logged there)
            self._delivery.fail(sid)
        self._pace.step()

    def _greet(self, sid: str, greeting: Greeting) -> None:
        self._chat.greet(sid)
        if greeting.complaint is not None:
            self._sio.emit(events.ANONYMOUS, greeting.complaint, room=sid, ignore_queue=True)

    def _welcome(self, sid: str, greeting: Greeting, gap: Gap | None, unread: Remembered) -> None:
        with self._delivery.together(sid):
            self._chat.greet(sid)
            self._replay(sid, greeting, gap, unread)

    def _replay(self, sid: str, greeting: Greeting, gap: Gap | None, unread: Remembered) -> None:
        if not self._delivery.replay(sid, greeting.last_offset, gap):
            return
        gap = gap or Gap(is_covered=False, packets=[], newest=EMPTY)
        is_recovered = gap.is_covered and not is_forgotten(greeting.last_offset, gap, unread)
        metrics.REPLAYED.inc(len(gap.packets))
        metrics.UNRECOVERED.inc(not is_recovered)
        sync = events.Sync(recovered=is_recovered, offset=gap.newest, unread_count=unread.count)
        self._sio.emit(events.SYNC, sync, room=sid, ignore_queue=True)
        self._delivery.begin(sid)

    def _read(self, users: list[_Guest]) -> list[tuple[Gap | None, Remembered]]:
        asked = [(greeting.user_id, greeting.last_offset) for _, greeting in users if greeting.user_id is not None]
        try:
            return self._replays.read_many(asked)
        except RedisError as error:
            log.warning("history is away, %d users are sent to the inbox: %s", len(users), error)
        except Exception:
            log.exception("histories can't be read, %d users are sent to the inbox", len(users))
        return [(None, UNKNOWN)] * len(users)
