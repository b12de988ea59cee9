"""Connect and disconnect: token, room, replay."""

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from engineio import packet as eio_packet
from socketio.exceptions import ConnectionRefusedError

from app import events, tokens
from app.cache import RedisError
from app.history import EMPTY, Gap, History
from app.unread import UnreadCache
from im import metrics
from im.presence import Presence

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a client brought when it connected. `user_id` is None for somebody without a token."""

    user_id: int | None
    last_offset: str | None


def read_greeting(environ: dict[str, Any], auth: object, secret: str) -> Greeting:
    """Verify what a client brought, in the query or in the auth object; raise InvalidToken."""
    query = {
        key: values[0] for key, values in parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True).items()
    }
    brought = {**query, **auth} if isinstance(auth, dict) else query
    token, last_offset = brought.get("token"), brought.get("last_offset")
    if token is None:
        return Greeting(None, None)
    if not isinstance(token, str):
        raise tokens.InvalidToken
    # An offset that is not a text is as good as one that is unknown.
    return Greeting(tokens.verify(secret, token).user_id, None if last_offset is None else str(last_offset))


class Notify:
    def __init__(self, sio: Any, *, secret: str, history: History, unread: UnreadCache, presence: Presence) -> None:
        self._sio = sio
        self._secret = secret
        self._history = history
        self._unread = unread
        self._presence = presence
        self._user_of: dict[str, int] = {}

    def connect(self, sid: str, environ: dict[str, Any], auth: object) -> Greeting:
        """Let a client in, or raise ConnectionRefusedError with the code that it is told."""
        try:
            greeting = read_greeting(environ, auth, self._secret)
        except tokens.InvalidToken as error:
            metrics.REFUSED.labels(error.code).inc()
            raise ConnectionRefusedError(error.code) from None
        if greeting.user_id is None:
            metrics.CONNECTIONS.labels("anonymous").inc()
            return greeting
        self._user_of[sid] = greeting.user_id
        metrics.CONNECTIONS.labels("user").inc()
        # Room first, replay second: what is pushed in between arrives twice, and clients drop repeats by id. The other
        # order would lose it.
        self._sio.enter_room(sid, events.room_of(greeting.user_id))
        return greeting

    def replay(self, sid: str, greeting: Greeting) -> None:
        """Send what the client missed, then `sync`. Called when the client has been told that it is connected."""
        if greeting.user_id is None:
            return
        self._presence.came(greeting.user_id)
        gap = self._read_gap(greeting.user_id, greeting.last_offset)
        for _offset, packet in gap.packets:
            self._send(sid, packet)
        metrics.REPLAYED.inc(len(gap.packets))
        metrics.UNRECOVERED.inc(not gap.is_covered)
        sync = events.Sync(
            recovered=gap.is_covered, offset=gap.newest, unread_count=self._unread_count(greeting.user_id)
        )
        self._sio.emit(events.SYNC, sync, room=sid, ignore_queue=True)

    def disconnect(self, sid: str) -> None:
        """Forget a client. python-socketio takes it out of its rooms."""
        user_id = self._user_of.pop(sid, None)
        metrics.CONNECTIONS.labels("anonymous" if user_id is None else "user").dec()
        if user_id is not None:
            self._presence.left(user_id)

    def _read_gap(self, user_id: int, last_offset: str | None) -> Gap:
        try:
            return self._history.read_after(user_id, last_offset)
        except RedisError as error:
            log.warning("history is away, user %d is sent to the inbox: %s", user_id, error)
            return Gap(is_covered=False, packets=[], newest=EMPTY)

    def _unread_count(self, user_id: int) -> int | None:
        try:
            return self._unread.get(user_id)
        except RedisError:
            return None

    def _send(self, sid: str, packet: bytes) -> None:
        eio_sid = self._sio.manager.eio_sid_from_sid(sid, "/")
        if eio_sid is not None:
            self._sio._send_eio_packet(eio_sid, eio_packet.Packet(eio_packet.MESSAGE, packet[1:].decode()))
