"""The protocol version that is supported, and the answer to clients of other versions."""

import logging

from im import metrics
from im.log_limit import LogLimit

log = logging.getLogger(__name__)
log.addFilter(LogLimit(10))

SUPPORTED = "4"

# Clients of every version know this code: the protocol's reference server sends it.
_UNSUPPORTED: dict[str, int | str] = {
    "code": 5,
    "message": "Unsupported protocol version: this server speaks Engine.IO 4 (EIO=4) and Socket.IO 5, "
    "as clients of Socket.IO 3 and 4 do",
}


def refuse(version: str) -> dict[str, int | str]:
    """Count and log a client of another version; return the answer to it."""
    metrics.REFUSED.labels("protocol_version").inc()
    log.warning("a client with EIO=%.16s is refused: only EIO=%s is supported", version, SUPPORTED)
    return _UNSUPPORTED
