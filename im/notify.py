"""Connect and disconnect: token, room, replay."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from socketio.exceptions import ConnectionRefusedError

from app import events, tokens
from app.cache import RedisError
from app.history import EMPTY, Gap
from app.unread import UnreadCache
from im import metrics
from im.delivery import Delivery
from im.presence import Presence


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a client brought when it connected. `user_id` is None for somebody without a token."""

    user_id: int | None
    last_offset: str | None


def read_greeting(environ: dict[str, Any], auth: object, secret: str) -> Greeting:
    """Verify what a client brought, in the query or in the auth object; raise InvalidToken."""
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    brought: dict[str, object] = {name: values[0] for name, values in query.items()}
    if isinstance(auth, dict):
        brought |= auth
    token, last_offset = brought.get("token"), brought.get("last_offset")
    if token is None:
        return Greeting(None, None)
    if not isinstance(token, str):
        raise tokens.InvalidToken
    # An offset that is not a text is as good as one that is unknown.
    return Greeting(tokens.verify(secret, token).user_id, None if last_offset is None else str(last_offset))


class Notify:
    def __init__(self, sio: Any, *, secret: str, delivery: Delivery, unread: UnreadCache, presence: Presence) -> None:
        self._sio = sio
        self._secret = secret
        self._delivery = delivery
        self._unread = unread
        self._presence = presence

    def connect(self, sid: str, environ: dict[str, Any], auth: object) -> Greeting:
        """Let a client in, or raise ConnectionRefusedError with the code that it is told."""
        try:
            greeting = read_greeting(environ, auth, self._secret)
        except tokens.InvalidToken as error:
            metrics.REFUSED.labels(error.code).inc()
            raise ConnectionRefusedError(error.code) from None
        metrics.CONNECTIONS.labels("anonymous" if greeting.user_id is None else "user").inc()
        if greeting.user_id is not None:
            # Seat and room first, replay second: what is pushed in between is held. The other order would lose it.
            self._delivery.take_seat(sid, self._sio.manager.eio_sid_from_sid(sid, "/"), greeting.user_id)
            self._sio.enter_room(sid, events.room_of(greeting.user_id))
        return greeting

    def replay(self, sid: str, greeting: Greeting) -> None:
        """Send what the client missed, then `sync`. Called when the client has been told that it is connected."""
        if greeting.user_id is None:
            return
        gap = self._delivery.replay(sid, greeting.last_offset) or Gap(is_covered=False, packets=[], newest=EMPTY)
        unread_count = self._unread_count(greeting.user_id)
        is_recovered = gap.is_covered and not _is_forgotten(greeting, gap, unread_count)
        metrics.REPLAYED.inc(len(gap.packets))
        metrics.UNRECOVERED.inc(not is_recovered)
        sync = events.Sync(recovered=is_recovered, offset=gap.newest, unread_count=unread_count)
        self._sio.emit(events.SYNC, sync, room=sid, ignore_queue=True)
        self._delivery.begin(sid)
        self._presence.came(greeting.user_id)

    def disconnect(self, sid: str) -> None:
        """Forget a client. python-socketio takes it out of its rooms."""
        user_id = self._delivery.leave_seat(sid)
        metrics.CONNECTIONS.labels("anonymous" if user_id is None else "user").dec()
        if user_id is not None:
            self._presence.left(user_id)

    def _unread_count(self, user_id: int) -> int | None:
        try:
            return self._unread.get(user_id)
        except RedisError:
            return None


def _is_forgotten(greeting: Greeting, gap: Gap, unread_count: int | None) -> bool:
    """Tell an empty history from one that was lost: a Redis that forgot it has forgotten the unread count as well."""
    return greeting.last_offset == EMPTY and gap.newest == EMPTY and unread_count is None
