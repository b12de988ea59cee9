"""The endpoint of a device at its push service: an address that a client gives, and that workers then call.

So it must not lead into our own network. A name is resolved and checked at each call, and the call goes to an address
that was checked: a name that means another address a moment later does not help.
"""

import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from core import addresses, origins

LONGEST = 2048  # characters; those of today's push services have 100 to 600
_MOST_ADDRESSES = 2  # of a name, that are tried
_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")  # a name, or an address of IPv6
_PRINTABLE = re.compile(r"[!-~]+")

# Returns the addresses of a host; raises OSError.
Resolve = Callable[[str, int], list[str]]


class InvalidEndpoint(ValueError):
    """No push service of the internet has this endpoint. The message says why."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`addresses` are those that may be called; `path` is what follows the origin."""

    origin: str
    scheme: str
    host: str
    port: int
    path: str
    is_private: bool  # whether the settings allow it, wherever it leads


class Endpoints:
    """Reads endpoints and finds their addresses. `private` are origins that the settings allow beside the internet."""

    def __init__(self, private: Iterable[str] = (), resolve: Resolve | None = None) -> None:
        self._private = frozenset(private)
        self._resolve = resolve or _resolve

    def parse(self, url: str) -> Endpoint:
        """Read an endpoint; raise InvalidEndpoint. Nothing is resolved."""
        if len(url) > LONGEST or not _PRINTABLE.fullmatch(url):
            raise InvalidEndpoint(f"should be an address of at most {LONGEST} characters, in ASCII and without spaces")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise InvalidEndpoint("should be an address such as https://push.example/a1b2c3") from None
        origin = origins.normalize(f"{parts.scheme}://{parts.netloc}") if host else None
        is_private = origin in self._private
        if not host or not _HOST.fullmatch(host) or origin is None or parts.scheme not in _PORTS:
            raise InvalidEndpoint("should be an address such as https://push.example/a1b2c3")
        if not is_private and (parts.scheme != "https" or port not in (None, _PORTS["https"])):
            raise InvalidEndpoint("should begin with https://, and have no port")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Endpoint(origin, parts.scheme, host, port or _PORTS[parts.scheme], path, is_private)

    def find(self, endpoint: Endpoint) -> list[str]:
        """Return the addresses of an endpoint, some of them; raise InvalidEndpoint if one is not public, or OSError.

        It takes as long as the resolver of the machine takes.
        """
        found = self._resolve(endpoint.host, endpoint.port)
        if not found:
            raise OSError(f"{endpoint.host} has no address")
        if not endpoint.is_private and not all(map(addresses.is_public, found)):
            raise InvalidEndpoint("should be in the internet: its name leads into a private network")
        return found[:_MOST_ADDRESSES]


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is too long, or empty
        raise OSError(f"{host} can't be a name") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
