"""How many sockets one user may have on this server, and how many may be open without a user."""

import heapq

from socketio.exceptions import ConnectionRefusedError

from core import events
from im import metrics
from im.delivery.closing import Closer
from im.delivery.delivery import Delivery
from im.delivery.socketio_server import Server

TOO_MANY_SOCKETS = "too_many_sockets"
TOO_MANY_ANONYMOUS = "too_many_anonymous"


class SocketLimits:
    """Closes sockets of a user that has too many, and refuses anonymous clients when there are too many."""

    def __init__(self, sio: Server, delivery: Delivery, closer: Closer, *, per_user: int, anonymous: int) -> None:
        self._sio = sio
        self._delivery = delivery
        self._closer = closer
        self._per_user = per_user
        self._most_anonymous = anonymous
        self._anonymous = 0
        self._closing: events.Closing = {
            "reason": TOO_MANY_SOCKETS,
            "message": f"this user has more than {per_user} sockets here, and this one was idle for longest",
        }

    def admit(self, user_id: str | None) -> None:
        """Count a client that connects; raise ConnectionRefusedError if it is one anonymous client too many."""
        if user_id is not None:
            return
        if self._anonymous >= self._most_anonymous:
            metrics.REFUSED.labels(TOO_MANY_ANONYMOUS).inc()
            raise ConnectionRefusedError(TOO_MANY_ANONYMOUS)
        self._anonymous += 1

    def forget(self, user_id: str | None) -> None:
        """Stop counting a client that was admitted."""
        self._anonymous -= user_id is None

    def close_idle(self, user_id: str) -> None:
        """Close what a user has above the limit: the sockets that were idle for longest. Does not switch greenlets."""
        if len(self._sio.manager.members("/", user_id)) <= self._per_user:
            return
        live = self._delivery.cursors_of(user_id)
        for sid, cursor in heapq.nsmallest(len(live) - self._per_user, live, key=lambda one: one[1].active_at):
            self._closer.close_soon(sid, cursor, self._closing)
