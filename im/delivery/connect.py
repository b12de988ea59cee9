"""Connects and disconnects clients: token, cursor, room, presence."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs
from wsgiref.types import WSGIEnvironment

from socketio.exceptions import ConnectionRefusedError

from core import events
from core.provider_keys import KeysUnknown
from core.tokens import Claims, InvalidToken
from im import metrics
from im.delivery import credentials
from im.delivery.client import identify
from im.delivery.delivery import Delivery
from im.delivery.expiry import Expiry
from im.delivery.presence import Presence
from im.delivery.revocations import Unknown
from im.delivery.socket_limits import SocketLimits
from im.delivery.socketio_server import Server
from im.delivery.token_check import TokenCheck

UNKNOWN = "revocations_unknown"
KEYS_UNKNOWN = "keys_unknown"


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """What a client sent when it connected. `user_id` is None for a client without a token."""

    user_id: str | None
    last_offset: str | None
    complaint: events.Anonymous | None = None  # for a client that is anonymous by mistake
    claims: Claims | None = field(default=None, compare=False)
    wants_groups: bool = False


def read_connect_request(environ: WSGIEnvironment, auth: object, verify: Callable[[str], Claims]) -> ConnectRequest:
    """Verify the token in the auth object, the query or a header, in this order; raise what `verify` raises."""
    query = {
        name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True).items()
    }
    in_auth = auth if isinstance(auth, dict) else {}
    places = (in_auth, query, credentials.from_header(environ))
    token = credentials.find(places)
    if token is None:
        return ConnectRequest(None, None, credentials.explain_absence(places))
    last_offset = in_auth.get("last_offset", query.get("last_offset"))
    claims = verify(token)
    # An offset that is not a text becomes one that no history knows.
    last_offset = None if last_offset is None else str(last_offset)
    return ConnectRequest(claims.user_id, last_offset, claims=claims, wants_groups=in_auth.get("groups") is True)


class ConnectHandlers:
    def __init__(
        self,
        sio: Server,
        *,
        check: TokenCheck,
        delivery: Delivery,
        presence: Presence,
        limits: SocketLimits,
        expiry: Expiry,
    ) -> None:
        self._sio = sio
        self._check = check
        self._delivery = delivery
        self._presence = presence
        self._limits = limits
        self._expiry = expiry

    def connect(self, sid: str, environ: WSGIEnvironment, auth: object) -> ConnectRequest:
        """Accept a client, or raise ConnectionRefusedError with the error code for the client."""
        try:
            request = read_connect_request(environ, auth, self._check.verify)
        except InvalidToken as error:
            metrics.REFUSED.labels(error.code).inc()
            raise ConnectionRefusedError(error.code) from None
        except (Unknown, KeysUnknown) as error:
            reason = UNKNOWN if isinstance(error, Unknown) else KEYS_UNKNOWN
            self._hang_up(sid, reason)
            raise ConnectionRefusedError(reason) from None
        self._limits.admit(request.user_id)
        metrics.CONNECTIONS.labels("anonymous" if request.user_id is None else "user").inc()
        client = identify(environ)
        if request.claims is not None:
            user_id = request.claims.user_id
            # Cursor and room first, replay second: the cursor holds what is pushed in between.
            # The other order would lose it.
            eio_sid = self._sio.manager.eio_sid_from_sid(sid, "/")
            wants_groups = request.wants_groups
            cursor = self._delivery.open_cursor(sid, eio_sid, request.claims, client, wants_groups=wants_groups)
            self._sio.enter_room(sid, user_id)
            self._presence.connected(user_id, sid, cursor.session)
            self._expiry.watch(sid, cursor)
            self._limits.close_idle(user_id)
        return request

    def disconnect(self, sid: str) -> None:
        """Close the cursor of a client. python-socketio removes the client from its rooms."""
        user_id = self._delivery.close_cursor(sid)
        self._expiry.forget(sid)
        self._limits.forget(user_id)
        metrics.CONNECTIONS.labels("anonymous" if user_id is None else "user").dec()
        if user_id is not None:
            self._presence.disconnected(user_id, sid)

    def _hang_up(self, sid: str, reason: str) -> None:
        """Close the transport before any answer: the official clients try again only then. Can switch greenlets."""
        metrics.DISCONNECTED.labels(reason).inc()
        socket = self._sio.eio.sockets.get(self._sio.manager.eio_sid_from_sid(sid, "/") or "")
        if socket is not None:
            socket.close(wait=False, abort=True)
