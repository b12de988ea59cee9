"""Encrypts what a push service carries to a device (RFC 8291): only the device can read it."""

import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_CURVE = ec.SECP256R1()
PUBLIC_BYTES = 65  # an uncompressed point
AUTH_BYTES = 16
_SALT_BYTES = 16
_RECORD_BYTES = 4096  # the most that each push service takes
_HEAD_BYTES = _SALT_BYTES + 4 + 1 + PUBLIC_BYTES
_LAST_RECORD = b"\x02"  # a delimiter after the text; padding would follow
_TAG_BYTES = 16
LONGEST_TEXT = _RECORD_BYTES - _HEAD_BYTES - len(_LAST_RECORD) - _TAG_BYTES  # 3,993 bytes


class InvalidDeviceKey(ValueError):
    """The public key of a device is no point of the curve P-256."""


def read_device_key(point: bytes) -> ec.EllipticCurvePublicKey:
    """Read the public key of a device; raise InvalidDeviceKey."""
    if len(point) != PUBLIC_BYTES:
        raise InvalidDeviceKey("should have 65 bytes")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
    except ValueError:
        raise InvalidDeviceKey("is no point of the curve P-256") from None


def encrypt(
    text: bytes,
    *,
    device_key: bytes,
    auth: bytes,
    salt: bytes | None = None,
    own_key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """Return the body of a call to a push service, with the content encoding `aes128gcm`.

    `text` has LONGEST_TEXT bytes at most. `salt` and `own_key` are new for each call; only tests give them.
    """
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"{len(text)} bytes are more than a push can hold")
    salt = salt or os.urandom(_SALT_BYTES)
    own_key = own_key or ec.generate_private_key(_CURVE)
    form = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    own_point = own_key.public_key().public_bytes(*form)
    shared = own_key.exchange(ec.ECDH(), read_device_key(device_key))
    secret = _derive(shared, salt=auth, about=b"WebPush: info\0" + device_key + own_point, length=32)
    key = _derive(secret, salt=salt, about=b"Content-Encoding: aes128gcm\0", length=16)
    nonce = _derive(secret, salt=salt, about=b"Content-Encoding: nonce\0", length=12)
    head = salt + _RECORD_BYTES.to_bytes(4, "big") + bytes([PUBLIC_BYTES]) + own_point
    return head + AESGCM(key).encrypt(nonce, text + _LAST_RECORD, None)


def _derive(secret: bytes, *, salt: bytes, about: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=about).derive(secret)
