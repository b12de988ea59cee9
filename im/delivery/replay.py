"""What a client gets when it connects: `hello`, what it missed, `sync`. Reads for many clients in one round trip."""

import logging
from collections.abc import Callable

from core import events
from core.cache import RedisError
from core.history import EMPTY, Gap
from core.replays import NOTHING_KNOWN, Missed, Replays
from im import metrics
from im.delivery.chat import Chat
from im.delivery.connect import ConnectRequest
from im.delivery.delivery import Delivery
from im.delivery.socketio_server import Emitter
from im.hub.batches import Batches
from im.hub.time_slice import TimeSlice

log = logging.getLogger(__name__)

_AT_ONCE = 64

_Client = tuple[str, ConnectRequest]  # its sid and request


class Replay:
    """Serves all waiting clients in one batch: many clients that connect at once need few round trips to Redis."""

    def __init__(self, sio: Emitter, *, chat: Chat, delivery: Delivery, replays: Replays) -> None:
        self._sio = sio
        self._chat = chat
        self._delivery = delivery
        self._replays = replays
        self._connected: Batches[_Client] = Batches(self._serve, at_once=_AT_ONCE)
        self._time_slice = TimeSlice()

    def soon(self, sid: str, request: ConnectRequest) -> None:
        """Let another greenlet serve a client after its connect handler, so after the answer to its CONNECT packet."""
        self._connected.add((sid, request))

    def _serve(self, clients: list[_Client]) -> None:
        """Greet anonymous clients, then read and replay for all users among them. Switches greenlets."""
        for sid, request in clients:
            if request.user_id is None:
                self._serve_one(sid, self._greet, sid, request)
        # A client that has disconnected has no cursor. Do not read for it.
        users = [client for client in clients if client[1].user_id is not None and self._delivery.cursor(client[0])]
        if not users:
            return
        for (sid, request), missed in zip(users, self._read(users), strict=True):
            self._serve_one(sid, self._replay, sid, request, missed)

    def _serve_one(self, sid: str, serve: Callable[..., None], *arguments: object) -> None:
        """Serve one client. Its errors close only its own connection. May switch greenlets."""
        try:
            serve(*arguments)
        except Exception:  # noqa: BLE001  (fail() logs the error)
            self._delivery.fail(sid)
        self._time_slice.yield_if_due()

    def _greet(self, sid: str, request: ConnectRequest) -> None:
        self._chat.greet(sid)
        if request.complaint is not None:
            self._sio.emit(events.ANONYMOUS, request.complaint, room=sid, ignore_queue=True)

    def _replay(self, sid: str, request: ConnectRequest, missed: Missed) -> None:
        with self._delivery.batch(sid):
            self._chat.greet(sid)
            if not self._delivery.replay(sid, request.last_offset, missed.gap):
                return
            gap = missed.gap or Gap(is_covered=False, packets=[], newest=EMPTY)
            is_recovered = missed.is_complete(request.last_offset)
            metrics.UNRECOVERED.inc(not is_recovered)
            sync = events.Sync(recovered=is_recovered, offset=gap.newest, unread_count=missed.unread.count)
            self._sio.emit(events.SYNC, sync, room=sid, ignore_queue=True)
            self._delivery.go_live(sid)

    def _read(self, users: list[_Client]) -> list[Missed]:
        """Read what each user has missed. Switches greenlets."""
        requests = [(request.user_id, request.last_offset) for _, request in users if request.user_id is not None]
        try:
            return self._replays.read_many(requests)
        except RedisError as error:
            log.warning("the history is unavailable, so %d clients read their inbox instead: %s", len(users), error)
        except Exception:
            log.exception("the history can't be read, so %d clients read their inbox instead", len(users))
        return [NOTHING_KNOWN] * len(users)
