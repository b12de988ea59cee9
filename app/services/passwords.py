"""Password hashes, few at a time: each takes 64 MiB and a good part of the machine while it lasts."""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

_AT_ONCE = 2
_MOST_WAITING = 2  # together fewer than the threads of an API process, so that other calls are still served
_WAIT_SECONDS = 2

# Argon2id with the second choice of RFC 9106: 64 MiB, three passes.
_hasher = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)
_NOBODYS_HASH = _hasher.hash("a password that nobody has")


class TooManyAtOnce(Exception):
    """Others are signing up or logging in, and there is no room for one more for now."""


class Admission:
    """Lets a few in at a time, and a few more wait for a bounded time."""

    def __init__(self, *, at_once: int, most_waiting: int, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._inside = threading.BoundedSemaphore(at_once)
        self._inside_or_waiting = threading.BoundedSemaphore(at_once + most_waiting)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Wait for a place and hold it; raise TooManyAtOnce where too many wait already, or none comes free in time."""
        if not self._inside_or_waiting.acquire(blocking=False):
            raise TooManyAtOnce
        try:
            if not self._inside.acquire(timeout=self._wait_seconds):
                raise TooManyAtOnce
            try:
                yield
            finally:
                self._inside.release()
        finally:
            self._inside_or_waiting.release()


admission = Admission(at_once=_AT_ONCE, most_waiting=_MOST_WAITING, wait_seconds=_WAIT_SECONDS)


def hash_password(password: str) -> str:
    """Hash a password; raise TooManyAtOnce. Slow on purpose, so call it outside of transactions."""
    with admission.entered():
        return _hasher.hash(_as_kept(password))


def is_right(password: str, password_hash: str | None) -> bool:
    """Say whether a password has this hash; raise TooManyAtOnce. Slow on purpose, so call it outside of transactions.

    Without a hash the answer is no, and takes as long: the time does not tell which names exist.
    """
    # What is ASCII has one form. The text as it is typed is for hashes from before there was another.
    forms = dict.fromkeys((_as_kept(password), password))
    with admission.entered():
        return any(_fits(form, password_hash or _NOBODYS_HASH) for form in forms) and password_hash is not None


def _as_kept(password: str) -> str:
    """Return the form that is the same from every keyboard: RFC 8265, OpaqueString."""
    spaced = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in password)
    return unicodedata.normalize("NFC", spaced)


def _fits(password: str, password_hash: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
