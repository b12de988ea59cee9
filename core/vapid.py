"""VAPID (RFC 8292): by its key, a push service knows which application sends, and whom to ask about it."""

import base64
import binascii
import time
from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

# A push service refuses a token that ends more than 24 h later. Half of it leaves room for a clock that is wrong.
_TOKEN_SECONDS = 12 * 3600
_CURVE = ec.SECP256R1()
_PRIVATE_BYTES = 32


class InvalidKey(ValueError):
    """The text is no private key of VAPID. The message holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Vapid:
    """Signs for one application. `subject` is a `mailto:` or `https:` address of its operator."""

    private_key: ec.EllipticCurvePrivateKey
    subject: str

    @property
    def public_key(self) -> str:
        """The key that browsers subscribe with: an uncompressed point in base64url."""
        encoding, form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        return encode(self.private_key.public_key().public_bytes(encoding, form))

    def authorization(self, audience: str) -> str:
        """Return the header `Authorization` of a call to a push service with this origin."""
        claims = {"aud": audience, "exp": int(time.time()) + _TOKEN_SECONDS, "sub": self.subject}
        token = jwt.encode(claims, self.private_key, algorithm="ES256")
        return f"vapid t={token}, k={self.public_key}"


def create_key() -> str:
    """Return a new private key, as the setting VAPID_PRIVATE_KEY takes it."""
    number = ec.generate_private_key(_CURVE).private_numbers().private_value
    return encode(number.to_bytes(_PRIVATE_BYTES, "big"))


def parse_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Read a private key of P-256: 32 bytes in base64url, or PEM in which `\\n` may stand for a line break."""
    try:
        key = _from_pem(text) if "-----BEGIN" in text else _from_number(decode(text))
    except (ValueError, TypeError):
        raise InvalidKey("is neither 32 bytes in base64url nor a key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != _CURVE.name:
        raise InvalidKey("is no key of the curve P-256")
    return key


def _from_pem(text: str) -> object:
    return serialization.load_pem_private_key(text.replace("\\n", "\n").encode(), password=None)


def _from_number(number: bytes) -> ec.EllipticCurvePrivateKey:
    if len(number) != _PRIVATE_BYTES:
        raise ValueError("too short or too long")
    return ec.derive_private_key(int.from_bytes(number, "big"), _CURVE)


def encode(value: bytes) -> str:
    """Write bytes in base64url, without padding."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def decode(text: str) -> bytes:
    """Read base64url, with or without padding; raise ValueError for anything else, also for base64."""
    try:
        given = text.rstrip("=").encode("ascii")
        return base64.b64decode(given + b"=" * (-len(given) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("is no base64url") from None
