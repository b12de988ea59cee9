"""Signs the tokens by which the server knows a user: see docs/tokens.md of the server."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

from toutiao_push import user_ids
from toutiao_push.user_ids import UserId

ACCESS_SECONDS = 2 * 3600
SERVER_CLAIM = "user_id"  # what the server reads by default; it takes only integers there
_LARGEST_INTEGER = 2**53 - 1  # JavaScript reads numbers, which are exact up to here


def mint_token(
    user_id: UserId,
    key: str,
    *,
    algorithm: str = "HS256",
    user_claim: str = SERVER_CLAIM,
    seconds: int = ACCESS_SECONDS,
    issuer: str | None = None,
    audience: str | None = None,
    key_id: str | None = None,
) -> str:
    """Sign an access token for a user, for a socket and for the inbox.

    `key` is a secret for HS256, and else a private key as PEM, which needs PyJWT (the extra `keys`). `user_claim` is
    the server's JWT_USER_CLAIM. Raise InvalidRecipient for what is no user id, and ValueError for a text under
    `user_id`.
    """
    issued_at = int(time.time())
    optional = {"iss": issuer, "aud": audience}
    claims = {
        user_claim: _claimed(user_id, user_claim),
        "refresh": False,
        "iat": issued_at,
        "exp": issued_at + seconds,
        "jti": uuid.uuid4().hex,
        **{name: value for name, value in optional.items() if value is not None},
    }
    header = {"alg": algorithm, "typ": "JWT", **({} if key_id is None else {"kid": key_id})}
    if algorithm == "HS256":
        return _sign(header, claims, key.encode())
    import jwt

    return jwt.encode(claims, key, algorithm=algorithm, headers=header)


def _claimed(user_id: UserId, user_claim: str) -> str | int:
    text = user_ids.recipient(user_id)
    if user_claim != SERVER_CLAIM:
        return text
    if text.isascii() and text.isdigit() and text[0] != "0" and int(text) <= _LARGEST_INTEGER:
        return int(text)
    raise ValueError("user_id: the server takes only integers under this claim; set JWT_USER_CLAIM=sub on both sides")


def _sign(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    signed = b".".join(_base64(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return b".".join((signed, _base64(hmac.new(secret, signed, hashlib.sha256).digest()))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
