"""Signs and verifies the messages of the queue. core/wire.py says what a signature looks like and what it covers."""

import hmac
import itertools
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Sign = Callable[[bytes], bytes]

_SIGNATURE = re.compile(rb"\nS([0-9a-f]{16})([0-9a-f]{16})([0-9a-f]{16})([0-9a-f]{64})")
_SIGNATURE_BYTES = 2 + 3 * 16 + 64
_HMAC_BYTES = 64


@dataclass(frozen=True, slots=True)
class Signature:
    """Who published a message, as which of the sender's messages, and when: in milliseconds of Redis' clock."""

    sender: bytes
    number: int
    moment: int


def leave_unsigned(message: bytes) -> bytes:
    """Return the message as it is: what signs where no key is set."""
    return message


def create_signer(keys: Sequence[str], channel: str, now: Callable[[], float]) -> Sign:
    """Return what signs the messages of one sender with the first key. It signs nothing without a key.

    `now` is Redis' clock, in Unix seconds. The result is safe for threads.
    """
    if not keys:
        return leave_unsigned
    hmac_key = _hmac_key(keys[0], channel)
    sender = secrets.token_hex(8).encode()
    numbers = itertools.count(1)

    def sign(message: bytes) -> bytes:
        signed = b"%b\nS%b%016x%016x" % (message, sender, next(numbers), int(now() * 1000))
        return signed + _hexdigest(hmac_key, signed)

    return sign


def without_signature(message: bytes) -> bytes:
    """Return a message without its signature, if it has one. Nothing is verified."""
    return message[:-_SIGNATURE_BYTES] if message[-_SIGNATURE_BYTES:][:2] == b"\nS" else message


class Verifier:
    """Verifies signatures by several keys, so that a key can be replaced while messages arrive."""

    def __init__(self, keys: Sequence[str], channel: str) -> None:
        self._hmac_keys = [_hmac_key(key, channel) for key in keys]

    def verify(self, message: bytes) -> tuple[bytes, Signature] | None:
        """Return the message without its signature, and the signature; None if the message has none.

        Raise ValueError for a signature by another key, or of another message.
        """
        match = _SIGNATURE.fullmatch(message, max(0, len(message) - _SIGNATURE_BYTES))
        if match is None:
            return None
        signed, (sender, number, moment, given) = message[:-_HMAC_BYTES], match.groups()
        if not any(hmac.compare_digest(_hexdigest(key, signed), given) for key in self._hmac_keys):
            raise ValueError("the signature is not by a known key")
        return message[: match.start()], Signature(sender, int(number, 16), int(moment, 16))


def _hmac_key(key: str, channel: str) -> bytes:
    return hmac.digest(key.encode(), b"message queue\0" + channel.encode(), "sha256")


def _hexdigest(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, signed, "sha256").hex().encode()
