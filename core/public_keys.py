"""The public keys that sign the tokens of a host. The key decides on the algorithm, and never the token."""

import re
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

ALGORITHMS = ("RS256", "ES256", "EdDSA")
MOST_KEYS = 50
LONGEST_ID = 256  # characters of a `kid`

_RSA_BITS = range(2048, 8193)  # shorter keys can be broken, longer ones cost too much time for each token
_LARGEST_PEM = 64 * 1024
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
# What libraries raise for a member of a JWK that is missing, or of a wrong type or value.
_JWK_ERRORS = (jwt.PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError)

Key = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class UnusableKey(ValueError):
    """The key can't verify tokens. The message says why, and holds nothing of the key."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    algorithm: str
    key: Key
    id: str | None = None


def from_pem(text: str) -> tuple[PublicKey, ...]:
    """Read all keys of a text in PEM, in which `\\n` may stand for a line break; raise UnusableKey."""
    if len(text) > _LARGEST_PEM:
        raise UnusableKey("is longer than 64 KB")
    blocks = list(_BLOCK.finditer(text.replace("\\n", "\n")))
    if not blocks:
        raise UnusableKey("has no whole block from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----")
    if len(blocks) > MOST_KEYS:
        raise UnusableKey(f"has more than {MOST_KEYS} keys")
    return tuple(_from_block(block[0], kind=block[1]) for block in blocks)


def from_jwk(jwk: Any) -> PublicKey:
    """Read a key of a JWK set, of whatever type; raise UnusableKey."""
    if not isinstance(jwk, dict):
        raise UnusableKey("is no object")
    key_id = jwk.get("kid")
    if key_id is not None and not (isinstance(key_id, str) and len(key_id) <= LONGEST_ID):
        raise UnusableKey(f"has a kid that is no text of up to {LONGEST_ID} characters")
    if jwk.get("kty") not in ("RSA", "EC", "OKP"):
        raise UnusableKey("has a kty other than RSA, EC and OKP")
    uses = jwk.get("key_ops", ["verify"])
    if jwk.get("use") not in (None, "sig") or not isinstance(uses, list) or "verify" not in uses:
        raise UnusableKey("is not for signatures")
    try:
        found = of(jwt.PyJWK.from_dict({**jwk, "alg": None}).key, key_id)
    except UnusableKey:
        raise
    except _JWK_ERRORS:
        raise UnusableKey("can't be read") from None
    # RFC 9864 names EdDSA with this curve Ed25519.
    if jwk.get("alg") not in (None, found.algorithm, *(["Ed25519"] if found.algorithm == "EdDSA" else [])):
        raise UnusableKey(f"has an alg other than {found.algorithm}")
    return found


def of(key: object, key_id: str | None = None) -> PublicKey:
    """Give a key its only algorithm; raise UnusableKey."""
    if isinstance(key, RSAPublicKey):
        if key.key_size not in _RSA_BITS:
            raise UnusableKey(f"is an RSA key of {key.key_size} bits; 2048 to 8192 are accepted")
        return PublicKey("RS256", key, key_id)
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return PublicKey("ES256", key, key_id)
    if isinstance(key, Ed25519PublicKey):
        return PublicKey("EdDSA", key, key_id)
    raise UnusableKey("is no public key for RS256 (RSA), ES256 (P-256) or EdDSA (Ed25519)")


def _from_block(block: str, *, kind: str) -> PublicKey:
    if "PRIVATE" in kind:
        raise UnusableKey("holds a private key; give the public key alone: openssl pkey -in private.pem -pubout")
    if kind == "CERTIFICATE":
        raise UnusableKey("holds a certificate; give its public key: openssl x509 -in cert.pem -pubkey -noout")
    try:
        return of(load_pem_public_key(block.encode()))
    except UnusableKey:
        raise
    except (UnsupportedAlgorithm, ValueError):
        raise UnusableKey("has a block that is no public key") from None
