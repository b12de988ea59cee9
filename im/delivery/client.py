"""Where a client comes from: what its user sees of it in the list of open sockets."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from core.sessions import LONGEST_DEVICE

_LONGEST_ADDRESS = 64


@dataclass(frozen=True, slots=True)
class Client:
    address: str
    device: str


def identify(environ: Mapping[str, str]) -> Client:
    """Return where a client comes from."""
    return Client(environ.get("REMOTE_ADDR", "")[:_LONGEST_ADDRESS], _device(environ.get("HTTP_USER_AGENT", "")))


@lru_cache(maxsize=1000)  # thousands of clients send the same text: keep it once
def _device(user_agent: str) -> str:
    """Return a printable text. WSGI decodes a header as Latin-1, whatever its bytes are."""
    return "".join(character if character.isprintable() else "?" for character in user_agent[:LONGEST_DEVICE])
