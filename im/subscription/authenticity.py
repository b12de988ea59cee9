"""Accepts a signed message of the queue once, and soon after it was published: anybody may publish it again."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

from core.signatures import Signature, Verifier, without_signature
from im.subscription.messages import BadMessage

log = logging.getLogger(__name__)

Authenticate = Callable[[bytes], bytes]

FRESH_SECONDS = 300  # within which the first message of a sender has to arrive; its clock and ours are the same
_FORGET_SECONDS = 2 * FRESH_SECONDS  # all that a sender published before is older than FRESH_SECONDS then
_MOST_SENDERS = 10_000
_WINDOW = 64  # messages of one sender that may change places; two connections of it are in no order
_ALL = (1 << _WINDOW) - 1
_ASK_AGAIN_SECONDS = 1


class Clock(Protocol):
    def now(self, *, asked_within_seconds: float) -> float: ...


def create_authenticate(keys: Sequence[str], channel: str, clock: Clock) -> Authenticate:
    """Return what takes the signature from a message, or raises BadMessage. Without a key, nothing is refused."""
    return Authenticator(Verifier(keys, channel), clock).authenticate if keys else without_signature


class Authenticator:
    """Knows which messages of each sender have arrived.

    The time of a message counts only while its sender is unknown, which every sender is to a server that has just
    started. After that its numbers are enough, so that a clock that jumps or a queue that is late loses nothing.
    """

    def __init__(self, verifier: Verifier, clock: Clock) -> None:
        self._verifier = verifier
        self._clock = clock
        self._senders: OrderedDict[bytes, _Sender] = OrderedDict()  # the one that was silent longest comes first

    def authenticate(self, message: bytes) -> bytes:
        """Return a message without its signature; raise BadMessage. May switch greenlets to ask Redis for its time."""
        try:
            verified = self._verifier.verify(message)
        except ValueError:
            raise BadMessage("signature") from None
        if verified is None:
            raise BadMessage("unsigned")
        content, signature = verified
        self._accept(signature)
        return content

    def _accept(self, signature: Signature) -> None:
        sender = self._senders.get(signature.sender)
        if sender is None:
            if not self._is_fresh(signature):
                raise BadMessage("stale")
            self._forget_silent()
            sender = self._senders.setdefault(signature.sender, _Sender(signature.number - 1))
        if not sender.accepts(signature.number):
            raise BadMessage("replayed")
        sender.heard_at = time.monotonic()
        self._senders.move_to_end(signature.sender)

    def _is_fresh(self, signature: Signature) -> bool:
        """Compare the time of a message with Redis' clock. If they differ, ask again: that clock may have been set."""
        for asked_within_seconds in (FRESH_SECONDS, _ASK_AGAIN_SECONDS):
            now = self._clock.now(asked_within_seconds=asked_within_seconds)
            if abs(now - signature.moment / 1000) < FRESH_SECONDS:
                return True
        return False

    def _forget_silent(self) -> None:
        silent_since = time.monotonic() - _FORGET_SECONDS
        while self._senders:
            sender, longest_silent = next(iter(self._senders.items()))
            if longest_silent.heard_at > silent_since and len(self._senders) < _MOST_SENDERS:
                return
            del self._senders[sender]


class _Sender:
    """The newest number of a sender, and which of the numbers before it have arrived."""

    __slots__ = ("_arrived", "_newest", "heard_at")

    def __init__(self, newest: int) -> None:
        """What came before `newest` counts as arrived."""
        self._newest = newest
        self._arrived = _ALL  # bit n is for the number `newest - n`
        self.heard_at = 0.0

    def accepts(self, number: int) -> bool:
        """Return whether a number arrives for the first time, and remember it."""
        ahead = number - self._newest
        if ahead > 0:
            self._arrived = (self._arrived << min(ahead, _WINDOW) | 1) & _ALL
            self._newest = number
            return True
        bit = 1 << min(-ahead, _WINDOW)
        if bit > _ALL or self._arrived & bit:
            return False
        self._arrived |= bit
        return True
