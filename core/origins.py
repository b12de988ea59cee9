"""Compare web origins in one form (RFC 6454): of settings, of the header `Origin`, of the address of a request."""

from collections.abc import Sequence
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAME_AS = {"ws": "http", "wss": "https"}  # some clients name the scheme of the socket
_OPAQUE = ("file", "ftp", "data", "blob", "javascript")  # their origin does not say who asks
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def normalize(origin: str) -> str | None:
    """Return `scheme://host[:port]` in lower case, without the scheme's default port; None for an invalid origin.

    An app's own scheme, as in capacitor://localhost, is valid like http.
    """
    try:
        parts = urlsplit(origin.lower())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not parts.scheme or not host or parts.scheme in _OPAQUE or origin.lower() != f"{parts.scheme}://{parts.netloc}":
        return None
    if parts.username is not None or not host.isascii():
        return None
    scheme = _SAME_AS.get(parts.scheme, parts.scheme)
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{scheme}://{name}:{port}"


class AllowedOrigins:
    """The web origins that may call, by the settings."""

    def __init__(self, origins: Sequence[str]) -> None:
        """Allow these origins; "*" allows all."""
        self._is_open = "*" in origins
        self._origins = frozenset(filter(None, map(normalize, origins)))
        self._hosts = frozenset(filter(None, map(_host_of, self._origins)))

    def knows_host(self, host: str) -> bool:
        """Say whether the header `Host` names a host of this system. An attacker may send another name."""
        name = _host_of(f"//{host}")
        return self._is_open or name in self._hosts or name in _LOOPBACK

    def allows(self, origin: str, *, host: str) -> bool:
        """Say whether a page of this origin may call; `host` is the header `Host` of the request.

        A client on this machine may also send the address of its request as its origin, as many libraries do. This
        holds only for the loopback names: with another name, any site could do the same through DNS rebinding.
        """
        wanted = normalize(origin)
        if self._is_open or wanted is None:
            return self._is_open
        return wanted in self._origins or (_host_of(f"//{host}") in _LOOPBACK and wanted in _own_origins(host))

    def may_use_cookies(self, origin: str, *, host: str) -> bool:
        """Say whether a page of this origin may act with the user's cookie: one named in the settings, or our own.

        "*" is not enough here. `host` is the header `Host` of the request.
        """
        wanted = normalize(origin)
        return wanted is not None and (wanted in self._origins or wanted in _own_origins(host))


def _own_origins(host: str) -> list[str | None]:
    """Return the origins of a page that comes from the host of the request."""
    return [normalize(f"{scheme}://{host}") for scheme in _DEFAULT_PORTS]


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
