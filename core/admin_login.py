"""The login of the admin UI: a name, and the Argon2 hash of a password. The password itself is stored nowhere."""

import hmac
from dataclasses import dataclass, field

import argon2

_LONGEST_PASSWORD = 1024  # characters
# A check may need this much, and no more: it runs on an IM server, beside the sockets.
_MOST_KIB = 256 * 1024
_MOST_PASSES = 10

SHOULD_BE = (
    "should be user:hash, with an Argon2 hash of at most 256 MiB and 10 passes. To make one: "
    "python -c 'import argon2, getpass; print(argon2.PasswordHasher(parallelism=1).hash(getpass.getpass()))'"
)


@dataclass(frozen=True, slots=True)
class AdminLogin:
    name: str
    password_hash: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "AdminLogin":
        """Read user:hash; raise ValueError, which says what it should be."""
        name, _, password_hash = text.partition(":")
        try:
            parameters = argon2.extract_parameters(password_hash)
        except argon2.exceptions.InvalidHashError:
            raise ValueError(SHOULD_BE) from None
        if not name or parameters.memory_cost > _MOST_KIB or parameters.time_cost > _MOST_PASSES:
            raise ValueError(SHOULD_BE)
        return cls(name, password_hash)

    def admits(self, name: str, password: str) -> bool:
        """Return whether both are right, after the same time for every name. Slow on purpose."""
        is_name = hmac.compare_digest(name.encode(errors="replace"), self.name.encode())
        try:
            argon2.PasswordHasher().verify(self.password_hash, password[:_LONGEST_PASSWORD].encode(errors="replace"))
        except argon2.exceptions.Argon2Error:
            return False
        return is_name and len(password) <= _LONGEST_PASSWORD
