"""The `refresh` event: a new token keeps a socket open."""

from core.provider_keys import KeysUnknown
from core.tokens import Claims, InvalidToken
from im import metrics
from im.delivery.cursor import Cursor
from im.delivery.delivery import Delivery
from im.delivery.expiry import Expiry
from im.delivery.presence import Presence
from im.delivery.revocations import Unknown
from im.delivery.token_check import TokenCheck

_ANOTHER_USER = "token_of_another_user"
_UNKNOWN = "try_later"

Answer = dict[str, str | int]


class Refresh:
    def __init__(self, check: TokenCheck, delivery: Delivery, presence: Presence, expiry: Expiry) -> None:
        self._check = check
        self._delivery = delivery
        self._presence = presence
        self._expiry = expiry

    def refresh(self, sid: str, *args: object) -> Answer:
        """Take a new access token of the same user. Return the acknowledgement: its end, or why nothing has changed."""
        try:
            claims = self._check.verify(_token_in(args))
        except InvalidToken as error:
            return _refuse(error.code)
        except (Unknown, KeysUnknown):
            return _refuse(_UNKNOWN)
        cursor = self._delivery.cursor(sid)
        if cursor is None or cursor.user_id != claims.user_id:  # an anonymous socket has no cursor
            return _refuse(_ANOTHER_USER)
        self._renew(sid, cursor, claims)
        return {"status": "ok", "expires_at": int(claims.expires_at)}

    def _renew(self, sid: str, cursor: Cursor, claims: Claims) -> None:
        family = cursor.family
        cursor.renew(claims)
        self._expiry.watch(sid, cursor)
        if cursor.family != family:
            self._presence.renewed(claims.user_id, sid, cursor.session)
        metrics.REFRESHED.inc()


def _token_in(args: tuple[object, ...]) -> str:
    match args:
        case [{"token": str(token)}]:
            return token
    raise InvalidToken


def _refuse(error: str) -> Answer:
    metrics.REFRESH_REFUSED.labels(error).inc()
    return {"error": error}
