"""Web origins, compared in one form (RFC 6454): settings, the header `Origin`, and the address that a client asked."""

from collections.abc import Sequence
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAME_AS = {"ws": "http", "wss": "https"}  # some clients name the scheme of the socket
_OPAQUE = ("file", "ftp", "data", "blob", "javascript")  # whose origin says nothing of who asks
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def normalize(origin: str) -> str | None:
    """Return `scheme://host[:port]` in lower case, without the scheme's own port; None for what is no origin.

    A scheme of an app's own, as in capacitor://localhost, is as good as http.
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
    """Who may call, by the settings."""

    def __init__(self, origins: Sequence[str]) -> None:
        """Those given are allowed; "*" allows all."""
        self._is_open = "*" in origins
        self._origins = frozenset(filter(None, map(normalize, origins)))
        self._hosts = frozenset(filter(None, map(_host_of, self._origins)))

    def knows_host(self, host: str) -> bool:
        """Say whether the header `Host` names a host of this system, as opposed to one that an attacker has chosen."""
        name = _host_of(f"//{host}")
        return self._is_open or name in self._hosts or name in _LOOPBACK

    def allows(self, origin: str, *, host: str) -> bool:
        """Say whether a page of this origin may call; `host` is the header of the request.

        So may a client on this machine that gives the address it asks for as its origin, as many libraries do. By
        another name than those of the loopback any site could do the same, through DNS rebinding.
        """
        wanted = normalize(origin)
        if self._is_open or wanted is None:
            return self._is_open
        own = (normalize(f"{scheme}://{host}") for scheme in _DEFAULT_PORTS)
        return wanted in self._origins or (_host_of(f"//{host}") in _LOOPBACK and wanted in own)


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
