"""Keys of other services that call the API. The settings hold only their hashes."""

import hashlib
import re
import secrets
from collections.abc import Iterable

_PREFIX = "service_"  # so that a scanner for secrets recognizes one
_LINE = re.compile(r"[A-Za-z0-9._-]{1,64}:[0-9a-f]{64}")


class ServiceKeys:
    def __init__(self, lines: Iterable[str]) -> None:
        """Each line is `name:hash`. Two lines may have the same name, while one key replaces the other."""
        self._names = {digest: name for name, _, digest in (line.partition(":") for line in lines)}

    def name_of(self, key: str) -> str | None:
        """Return the service that has this key; None for an unknown key.

        A digest is looked up, so the time says nothing of a key.
        """
        return self._names.get(_digest(key))


def is_line(line: str) -> bool:
    return _LINE.fullmatch(line) is not None


def create(name: str) -> tuple[str, str]:
    """Return a new key, and its line for SERVICE_KEYS. A key has 256 random bits, so a fast hash protects it."""
    key = _PREFIX + secrets.token_urlsafe(32)
    return key, f"{name}:{_digest(key)}"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
