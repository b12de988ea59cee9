"""Slows down who guesses passwords: after some failed log-ins comes a pause, which grows with each further one.

Failures are counted for each name at each address, for each name, and for each address. An address from which somebody
has logged in is known for their name: there only the first count matters, so nobody elsewhere can keep them out. A name
that nobody has is treated as every other.

The counts are in Redis. While Redis is unavailable, each process counts by itself.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol, TypeVar

from app import names
from app.services.memory_counts import MemoryCounts
from core.cache import RedisError

T = TypeVar("T")

_COUNTED_SECONDS = 3600  # from the first failure
_KNOWN_SECONDS = 30 * 24 * 3600
_FIRST_PAUSE_SECONDS = 1
# Somebody who guesses from many addresses causes this pause for the owner of the name too, on a new device.
_LONGEST_PAUSE_OF_NAME_SECONDS = 60
_MOST_IN_MEMORY = 10_000  # a few MB

REASONS = ("logins", "logins_of_name", "logins_of_address")  # what was counted


class Counts(Protocol):
    """What is needed of a storage of the library `limits`."""

    def get(self, key: str) -> int: ...
    def get_expiry(self, key: str) -> float: ...
    def incr(self, key: str, expiry: int) -> int: ...
    def clear(self, key: str) -> None: ...


class TooManyFailures(Exception):
    """Log-ins have failed too often. The next attempt is allowed after `retry_after_seconds`."""

    def __init__(self, reason: str, retry_after_seconds: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many failures come without a pause, and how long a pause may become."""

    failures: int
    longest_seconds: int

    def pause_after(self, failures: int) -> int:
        """Return the seconds of the pause after so many failures; 0 for none."""
        excess = failures - self.failures
        return min(_FIRST_PAUSE_SECONDS << min(excess - 1, 30), self.longest_seconds) if excess > 0 else 0


@dataclass(frozen=True, slots=True)
class _Count:
    reason: str
    key: str
    allowance: Allowance


class LoginPauses:
    """Checked before each log-in, and told how it ended. Its methods never raise an error of Redis.

    Attempts whose passwords are checked at the same moment are let through together: passwords.py bounds how many.
    """

    def __init__(self, redis: Counts, *, per_pair: int, per_name: int, per_address: int, longest_seconds: int) -> None:
        self._redis = redis
        self._memory = MemoryCounts(_MOST_IN_MEMORY)
        self._allowances = (
            Allowance(per_pair, longest_seconds),
            Allowance(per_name, min(_LONGEST_PAUSE_OF_NAME_SECONDS, longest_seconds)),
            Allowance(per_address, longest_seconds),
        )

    def check(self, name: str, address: str) -> None:
        """Raise TooManyFailures if the next attempt has to wait."""
        waits = self._ask(lambda storage: self._waits(storage, name, address))
        seconds, reason = max(waits)
        if seconds > 0:
            raise TooManyFailures(reason, math.ceil(seconds))

    def note_failure(self, name: str, address: str) -> None:
        """Count an attempt with a wrong name or password."""
        self._ask(lambda storage: self._fail(storage, name, address))

    def note_success(self, name: str, address: str) -> None:
        """Forget the failures of the name, and know the address for it.

        The failures of the address stay: otherwise somebody who guesses could log in as themselves now and then.
        """
        self._ask(lambda storage: self._succeed(storage, name, address))

    def _waits(self, storage: Counts, name: str, address: str) -> list[tuple[float, str]]:
        counts = self._counts(storage, name, address)
        return [(storage.get_expiry(_pause(count)) - time.time(), count.reason) for count in counts]

    def _fail(self, storage: Counts, name: str, address: str) -> None:
        for count in self._counts(storage, name, address):
            failures = storage.incr(count.key, _COUNTED_SECONDS)
            if seconds := count.allowance.pause_after(failures):
                _put(storage, _pause(count), seconds)

    def _succeed(self, storage: Counts, name: str, address: str) -> None:
        known, *counts = _known(name, address), *self._all_counts(name, address)[:2]
        for count in counts:
            storage.clear(count.key)
            storage.clear(_pause(count))
        _put(storage, known, _KNOWN_SECONDS)

    def _counts(self, storage: Counts, name: str, address: str) -> Sequence[_Count]:
        """Return what counts for an attempt."""
        counts = self._all_counts(name, address)
        return counts[:1] if storage.get(_known(name, address)) else counts

    def _all_counts(self, name: str, address: str) -> list[_Count]:
        name_key = names.key(name)
        keys = (_key("pair", name_key, address), _key("name", name_key), _key("address", address))
        return [_Count(*count) for count in zip(REASONS, keys, self._allowances, strict=True)]

    def _ask(self, act: Callable[[Counts], T]) -> T:
        try:
            return act(self._redis)
        except RedisError:
            return act(self._memory)


def _known(name: str, address: str) -> str:
    return _key("known", names.key(name), address)


def _put(storage: Counts, key: str, seconds: int) -> None:
    storage.clear(key)  # otherwise a key that exists would end when it was to end before
    storage.incr(key, seconds)


def _key(kind: str, *parts: str) -> str:
    # A digest, because a name may be long and hold anything.
    return f"logins:{kind}:{blake2b(chr(0).join(parts).encode(), digest_size=16).hexdigest()}"


def _pause(count: _Count) -> str:
    return f"{count.key}:pause"
