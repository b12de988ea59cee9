"""Connect and disconnect: token, seat, room."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from socketio.exceptions import ConnectionRefusedError

from app import clock_skew, events, tokens
from im import given_token, metrics
from im.delivery import Delivery
from im.presence import Presence


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a client brought when it connected. `user_id` is None for somebody without a token."""

    user_id: int | None
    last_offset: str | None
    complaint: events.Anonymous | None = None  # for who is anonymous without having meant to be


def read_greeting(
    environ: dict[str, Any], auth: object, secret: str, leeway_seconds: float = tokens.LEEWAY_SECONDS
) -> Greeting:
    """Verify what a client brought, in the auth object, the query or a header, in this order; raise InvalidToken."""
    query = {
        name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True).items()
    }
    in_auth = auth if isinstance(auth, dict) else {}
    places = (in_auth, query, given_token.from_header(environ))
    token = given_token.find(places)
    if token is None:
        return Greeting(None, None, given_token.explain_absence(places))
    last_offset = in_auth.get("last_offset", query.get("last_offset"))
    # An offset that is not a text is as good as one that is unknown.
    claims = tokens.verify(secret, token, leeway_seconds=leeway_seconds)
    if claims.ahead_seconds:
        clock_skew.note(claims.ahead_seconds)
    return Greeting(claims.user_id, None if last_offset is None else str(last_offset))


class Notify:
    def __init__(
        self,
        sio: Any,
        *,
        secret: str,
        delivery: Delivery,
        presence: Presence,
        leeway_seconds: float = tokens.LEEWAY_SECONDS,
    ) -> None:
        self._sio = sio
        self._secret = secret
        self._leeway_seconds = leeway_seconds
        self._delivery = delivery
        self._presence = presence

    def connect(self, sid: str, environ: dict[str, Any], auth: object) -> Greeting:
        """Let a client in, or raise ConnectionRefusedError with the code that it is told."""
        try:
            greeting = read_greeting(environ, auth, self._secret, self._leeway_seconds)
        except tokens.InvalidToken as error:
            metrics.REFUSED.labels(error.code).inc()
            raise ConnectionRefusedError(error.code) from None
        metrics.CONNECTIONS.labels("anonymous" if greeting.user_id is None else "user").inc()
        if greeting.user_id is not None:
            # Seat and room first, replay second: what is pushed in between is held. The other order would lose it.
            self._delivery.take_seat(sid, self._sio.manager.eio_sid_from_sid(sid, "/"), greeting.user_id)
            self._sio.enter_room(sid, events.room_of(greeting.user_id))
            self._presence.came(greeting.user_id)
        return greeting

    def disconnect(self, sid: str) -> None:
        """Forget a client. python-socketio takes it out of its rooms."""
        user_id = self._delivery.leave_seat(sid)
        metrics.CONNECTIONS.labels("anonymous" if user_id is None else "user").dec()
        if user_id is not None:
            self._presence.left(user_id)
