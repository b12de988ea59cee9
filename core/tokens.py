"""Sign and verify the JWTs that both the API and the IM servers accept."""

import hashlib
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jwt

from core import user_ids

ACCESS_SECONDS = 2 * 3600
REFRESH_SECONDS = 14 * 24 * 3600
# No token is valid for longer after it was issued, whatever its `exp`: a revocation is remembered for so long.
LONGEST_SECONDS = REFRESH_SECONDS
LONGEST_FAMILY = 64  # characters of a family's name

LEEWAY_SECONDS = 30.0  # the clocks of two machines may differ by this; default of JWT_LEEWAY_SECONDS
_LATEST = 2**53  # seconds: a float has each of them up to here, and arithmetic with larger integers can fail
ALGORITHM = "HS256"
# UnicodeEncodeError for text with lone surrogates, OverflowError for an infinite `nbf`.
DECODE_ERRORS = (jwt.InvalidTokenError, UnicodeEncodeError, OverflowError)
_REQUIRED = ["user_id", "refresh", "iat", "exp", "jti"]


class InvalidToken(Exception):
    """The token has a wrong signature, is malformed, or is of the other kind (access or refresh)."""

    code = "token_invalid"


class ExpiredToken(InvalidToken):
    """The token was valid and has expired."""

    code = "token_expired"


class RevokedToken(InvalidToken):
    """The token was valid and is revoked: see core.revocations."""

    code = "token_revoked"


@dataclass(frozen=True, slots=True)
class Parties:
    """Which `iss` and `aud` a token may have. Without any, they are not checked."""

    issuers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()


ANYBODY = Parties()


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a verified token. `issued_at` and `expires_at` are in Unix seconds."""

    user_id: str
    issued_at: float
    expires_at: float
    token_id: str
    family: str  # all tokens that come from one login; of a token without this claim, its own id
    ahead_seconds: float = 0  # how far the signer's clock is ahead of ours; 0 within the leeway


def sign(
    secret: str,
    *,
    user_id: int | str,
    refresh: bool = False,
    family: str | None = None,
    token_id: str | None = None,
    issued_at: int | None = None,
    parties: Parties = ANYBODY,
) -> str:
    """Make an access token for 2 hours, or a refresh token for 14 days. The same arguments give the same token.

    Without a family the token has one of its own. Its `iss` and `aud` are the first ones of `parties`. Raise
    user_ids.InvalidUserId.
    """
    token_id = token_id or new_id()
    issued_at = int(time.time()) if issued_at is None else issued_at
    lifetime = REFRESH_SECONDS if refresh else ACCESS_SECONDS
    user = user_ids.as_json(user_ids.as_text(user_id))
    claims = {"user_id": user, "refresh": refresh, "iat": issued_at, "exp": issued_at + lifetime, "jti": token_id}
    named = {"iss": parties.issuers[:1], "aud": parties.audiences[:1]}
    added = {name: values[0] for name, values in named.items() if values}
    return jwt.encode({**claims, "family": family or token_id, **added}, secret, algorithm=ALGORITHM)


def new_id() -> str:
    """Return a random id for a token or a family."""
    return uuid.uuid4().hex


def verify(
    secrets: Iterable[str],
    token: str,
    *,
    refresh: bool = False,
    leeway_seconds: float = LEEWAY_SECONDS,
    parties: Parties = ANYBODY,
) -> Claims:
    """Return the claims of a token of the wanted kind that one of the secrets signed; raise ExpiredToken, InvalidToken.

    A token that seems to be issued in the future is valid: its signature is ours, so one of the clocks is wrong, and
    `exp` still bounds the token. `ahead_seconds` says by how much. The leeway does not extend a token: a client whose
    token ends a little early refreshes it.
    """
    options = {"require": _REQUIRED, "verify_iat": False, "verify_exp": False}
    claims = decode(
        token, secrets, algorithm=ALGORITHM, options=options, parties=parties, leeway_seconds=leeway_seconds
    )
    now, issued_at, expires_at = time.time(), claims["iat"], claims["exp"]
    if not (is_time(issued_at) and is_time(expires_at)):
        raise InvalidToken
    ends_at = min(expires_at, issued_at + LONGEST_SECONDS)
    if ends_at <= now:
        raise ExpiredToken
    if issued_at > expires_at or claims["refresh"] is not refresh or not _is_user_id(claims["user_id"]):
        raise InvalidToken
    ahead_seconds = issued_at - now
    return Claims(
        user_id=user_ids.as_text(claims["user_id"]),
        issued_at=issued_at,
        expires_at=ends_at,
        token_id=_name(claims["jti"]),
        family=_name(claims.get("family", claims["jti"])),
        ahead_seconds=ahead_seconds if ahead_seconds > leeway_seconds else 0,
    )


def short_name(text: str) -> str:
    """Return the id of a token or a family in a form that can be stored: short, and of printable ASCII."""
    if 0 < len(text) <= LONGEST_FAMILY and text.isascii() and text.isprintable():
        return text
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _is_user_id(value: Any) -> bool:
    return type(value) is int and 0 < value <= user_ids.LARGEST_ID


def is_time(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= _LATEST  # neither NaN nor infinity is


def decode(
    token: str, keys: Iterable[Any], *, algorithm: str, options: Any, parties: Parties, leeway_seconds: float = 0
) -> dict[str, Any]:
    """Return the claims of a token that one of the keys signed, as far as PyJWT checks them; raise InvalidToken."""
    reason = "its signature fits no key"
    for key in keys:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                options=options,
                leeway=leeway_seconds,
                issuer=parties.issuers or None,
                audience=parties.audiences or None,
            )
        except jwt.InvalidSignatureError:
            continue
        except DECODE_ERRORS as error:
            reason = str(error)
            break
    raise InvalidToken(reason)


def _name(value: Any) -> str:
    if type(value) is not str:
        raise InvalidToken
    return short_name(value)
