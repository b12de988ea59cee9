"""Which version of the protocol is spoken, and what clients of another one are told."""

import logging
from typing import Any

from im import metrics
from im.log_limit import LogLimit

log = logging.getLogger(__name__)
log.addFilter(LogLimit(10))

SPOKEN = "4"

# Clients of every version know the code: it is that of the protocol's own server.
_ANSWER = {
    "code": 5,
    "message": "Unsupported protocol version: this server speaks Engine.IO 4 (EIO=4) and Socket.IO 5, "
    "as clients of Socket.IO 3 and 4 do",
}


def refuse(version: str) -> dict[str, Any]:
    """Count and log a client of another version; return what it is told."""
    metrics.REFUSED.labels("protocol_version").inc()
    log.warning("a client that speaks EIO=%.16s is refused: only EIO=%s is spoken here", version, SPOKEN)
    return _ANSWER
