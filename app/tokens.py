"""Sign and verify the JWT that the API and the IM servers both accept."""

import math
import time
import uuid
from dataclasses import dataclass
from typing import Any

import jwt

ACCESS_SECONDS = 2 * 3600
REFRESH_SECONDS = 14 * 24 * 3600
LARGEST_ID = 2**53 - 1  # JavaScript's clients read ids as numbers

LEEWAY_SECONDS = 30.0  # by which two machines' clocks may differ, unless JWT_LEEWAY_SECONDS says otherwise
_ALGORITHM = "HS256"
_REQUIRED = ["user_id", "refresh", "iat", "exp", "jti"]


class InvalidToken(Exception):
    """The token is not ours, not whole, or not of the kind asked for."""

    code = "token_invalid"


class ExpiredToken(InvalidToken):
    """The token was good once."""

    code = "token_expired"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. `issued_at` and `expires_at` in Unix seconds."""

    user_id: int
    issued_at: float
    expires_at: float
    ahead_seconds: float = 0  # by which the clock of who signed is ahead of ours, where that is beyond the leeway


def sign(secret: str, *, user_id: int, refresh: bool = False) -> str:
    """Make a token: access for 2 hours, refresh for 14 days."""
    now = int(time.time())
    lifetime = REFRESH_SECONDS if refresh else ACCESS_SECONDS
    claims = {"user_id": user_id, "refresh": refresh, "iat": now, "exp": now + lifetime, "jti": uuid.uuid4().hex}
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def verify(secret: str, token: str, *, refresh: bool = False, leeway_seconds: float = LEEWAY_SECONDS) -> Claims:
    """Return the claims of a good token of the asked kind; raise ExpiredToken or InvalidToken.

    One that seems to have been issued in the future is good: the signature says that it is ours, so a clock is wrong,
    and `exp` bounds it all the same. `ahead_seconds` says by how much. The leeway does not prolong a token: whose token
    ends a little early refreshes it.
    """
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            options={"require": _REQUIRED, "verify_iat": False, "verify_exp": False},
            leeway=leeway_seconds,
        )
    except (jwt.InvalidTokenError, UnicodeEncodeError):  # the latter of a text that is not even Unicode
        raise InvalidToken from None
    now, issued_at, expires_at = time.time(), claims["iat"], claims["exp"]
    if _is_time(expires_at) and expires_at <= now:
        raise ExpiredToken
    if not (_is_time(issued_at) and _is_time(expires_at)) or issued_at > expires_at:
        raise InvalidToken
    if claims["refresh"] is not refresh or not _is_user_id(claims["user_id"]):
        raise InvalidToken
    ahead_seconds = issued_at - now
    return Claims(claims["user_id"], issued_at, expires_at, ahead_seconds if ahead_seconds > leeway_seconds else 0)


def _is_user_id(value: Any) -> bool:
    return type(value) is int and 0 < value <= LARGEST_ID


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
