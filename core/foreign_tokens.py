"""Verify the tokens that the login of a host signs. They need `exp` and the user's claim; all else is optional."""

import hashlib
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.log import OnceAMinute
from core.public_keys import Key
from core.tokens import (
    LONGEST_SECONDS,
    Claims,
    ExpiredToken,
    InvalidToken,
    Parties,
    decode,
    is_time,
    short_name,
)
from core.user_ids import InvalidUserId, as_text

log = logging.getLogger(__name__)

_refusals = OnceAMinute()
# A token that does not say when it was issued may be older than any revocation.
_BEFORE_ANY_REVOCATION = 0.0


@dataclass(frozen=True, slots=True)
class ForeignRules:
    """What the settings ask of a foreign token."""

    user_claim: str
    parties: Parties
    leeway_seconds: float


def verify(token: str, algorithm: str, keys: Iterable[Key | str], rules: ForeignRules) -> Claims:
    """Return the claims of an access token that one of the keys signed; raise ExpiredToken, InvalidToken.

    The caller has chosen the algorithm by the keys. Refresh tokens are refused. Clients are not told what is wrong with
    a token; the log is, since the app that signs it may be set up wrongly.
    """
    try:
        return _verify(token, algorithm, keys, rules)
    except ExpiredToken:
        raise
    except InvalidToken as error:
        if _refusals.is_due("token"):
            log.warning("a token of another login is refused (told once a minute): %.200s", error)
        raise


def _verify(token: str, algorithm: str, keys: Iterable[Key | str], rules: ForeignRules) -> Claims:
    claims = _decode(token, algorithm, keys, rules)
    now, expires_at = time.time(), claims["exp"]
    issued_at = claims.get("iat", _BEFORE_ANY_REVOCATION)
    begins_at = claims.get("nbf", issued_at)
    if not (is_time(issued_at) and is_time(expires_at) and is_time(begins_at)):
        raise InvalidToken("exp, iat and nbf should be times in Unix seconds")
    ends_at = min(expires_at, issued_at + LONGEST_SECONDS) if "iat" in claims else expires_at
    if ends_at <= now:
        raise ExpiredToken
    if claims.get("refresh", False) is not False:
        raise InvalidToken("refresh should be false: it may be a refresh token")
    if issued_at > expires_at:
        raise InvalidToken("iat is after exp")
    if "nbf" in claims and begins_at > now + rules.leeway_seconds:
        raise InvalidToken("nbf is in the future")
    if "iat" not in claims and expires_at > now + LONGEST_SECONDS:
        # It would outlive the memory of revocations.
        raise InvalidToken("without iat it should end within 14 days")
    token_id = _text(claims.get("jti")) or _digest(token)
    ahead_seconds = issued_at - now
    return Claims(
        user_id=_user_id(claims[rules.user_claim]),
        issued_at=issued_at,
        expires_at=ends_at,
        token_id=short_name(token_id),
        family=short_name(_text(claims.get("family")) or token_id),
        ahead_seconds=ahead_seconds if ahead_seconds > rules.leeway_seconds else 0,
    )


def _decode(token: str, algorithm: str, keys: Iterable[Key | str], rules: ForeignRules) -> dict[str, Any]:
    parties = rules.parties
    options: Any = {
        "require": ["exp", rules.user_claim],
        **dict.fromkeys(("verify_iat", "verify_exp", "verify_nbf", "verify_sub", "verify_jti"), False),
        "verify_aud": bool(parties.audiences),
    }
    return decode(token, keys, algorithm=algorithm, options=options, parties=parties)


def _user_id(value: Any) -> str:
    try:
        return as_text(value)
    except InvalidUserId as error:
        raise InvalidToken(str(error)) from None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _digest(token: str) -> str:
    """Return an id of what was signed. The signature is left out: one can be written in several ways."""
    return hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()
