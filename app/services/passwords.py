"""Password hashes, few at a time: each needs 64 MiB and much of the CPU while it is computed."""

import unicodedata

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from app.services.admission import Admission

_WAIT_SECONDS = 2

# Argon2id with the second recommended option of RFC 9106: 64 MiB, three passes.
_hasher = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)
# Random bytes for salt and digest. To compute a hash here would add a fifth of a second to each start.
_NOBODYS_HASH = "$argon2id$v=19$m=65536,t=3,p=4$xlTagq5ImZf8MXJ/hXWHNg$HigJGil2p/93RSTImyQ398W1SS/AJ2h1OQeFhj6kpbA"


admission = Admission(at_once=2, most_waiting=2, wait_seconds=_WAIT_SECONDS)


def limit(*, at_once: int, most_waiting: int) -> None:
    """Set how many passwords this process hashes at a time, and how many more wait."""
    global admission  # noqa: PLW0603  (the memory and the CPU that it bounds are those of the process)
    admission = Admission(at_once=at_once, most_waiting=most_waiting, wait_seconds=_WAIT_SECONDS)


def hash_password(password: str) -> str:
    """Hash a password; raise TooManyAtOnce. Slow on purpose: call it outside of transactions."""
    with admission.entered():
        return _hasher.hash(_normalized(password))


def is_right(password: str, password_hash: str | None) -> bool:
    """Return whether a password has this hash; raise TooManyAtOnce. Slow on purpose: call it outside of transactions.

    Without a hash it returns False after the same time, so that nobody can measure which names exist.
    """
    # Old hashes are of the text as typed. For ASCII both forms are equal.
    forms = dict.fromkeys((_normalized(password), password))
    with admission.entered():
        return any(_fits(form, password_hash or _NOBODYS_HASH) for form in forms) and password_hash is not None


def _normalized(password: str) -> str:
    """Return the form that is the same for every keyboard: RFC 8265, OpaqueString."""
    spaced = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in password)
    return unicodedata.normalize("NFC", spaced)


def _fits(password: str, password_hash: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
