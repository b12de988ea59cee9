"""The socket that an IM server listens on, for IPv4 and IPv6."""

import socket
from operator import itemgetter

_BACKLOG_CONNECTIONS = 4096


def listen(host: str, port: int) -> socket.socket:
    """Listen on a host and port; raise OSError. `::` accepts IPv4 clients too if the system can.

    For a name with addresses of both families, the IPv4 address is used: its family has the lower number.
    """
    found = socket.getaddrinfo(_without_brackets(host), port, type=socket.SOCK_STREAM)
    family, _, _, _, address = min(found, key=itemgetter(0))
    is_dual = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
    # With reuse_port, two servers would share a port unnoticed, and split the requests of a polling session.
    return socket.create_server(
        address, family=family, backlog=_BACKLOG_CONNECTIONS, dualstack_ipv6=is_dual, reuse_port=False
    )


def authority(host: str, port: int) -> str:
    """Return host and port as a URL has them."""
    host = _without_brackets(host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _without_brackets(host: str) -> str:
    return host.removeprefix("[").removesuffix("]")
