"""The socket that an IM server listens on, whichever family its address is of."""

import socket
from operator import itemgetter
from typing import Any

_BACKLOG = 4096


def listen(host: str, port: int) -> Any:
    """Listen on a host and port; raise OSError. `::` takes clients of IPv4 too, where the system can.

    A name that has addresses of both families means that of IPv4, which comes first by its number.
    """
    found = socket.getaddrinfo(_bare(host), port, type=socket.SOCK_STREAM)
    family, _, _, _, address = min(found, key=itemgetter(0))
    is_dual = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
    # Two servers on one port would share it in silence, and the requests of one polling session with it.
    return socket.create_server(address, family=family, backlog=_BACKLOG, dualstack_ipv6=is_dual, reuse_port=False)


def authority(host: str, port: int) -> str:
    """Write host and port as they stand in a URL."""
    bare = _bare(host)
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"


def _bare(host: str) -> str:
    return host.removeprefix("[").removesuffix("]")
