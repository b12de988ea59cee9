"""Limits on sessions: how many may be open, and how many may begin in a second. A refused one takes no memory."""

import logging
from typing import Any

from im import metrics
from im.hub.address_limits import AddressCounts, AddressRates
from im.hub.rate_limit import TokenBucket
from im.log_limit import LogLimit
from im.transport import json_encoding

log = logging.getLogger(__name__)
log.addFilter(LogLimit(10))

SERVER_FULL = "server_full"
TOO_MANY_OF_ADDRESS = "too_many_sockets_of_address"
TOO_MANY_HANDSHAKES = "too_many_handshakes"

BUSY, TOO_MANY = "503 Service Unavailable", "429 Too Many Requests"
RETRY_SECONDS = 10  # after which a refused client may try again

_BURST_SECONDS = 10


class HandshakeLimits:
    def __init__(self, *, sessions: int, per_second: float, by_address: AddressCounts, rates: AddressRates) -> None:
        """Limit the sessions of this server and the handshakes per second, of all and of each address."""
        self._most = sessions
        self._per_second = per_second
        self._bucket = TokenBucket()
        self._by_address = by_address
        self._rates = rates

    def refuse(self, address: str, *, open_sessions: int) -> dict[str, Any] | None:
        """Count a handshake; return the response if it is beyond a limit, and None if not.

        The limits of an address come before that of the server, so that one address can't use up what others need.
        """
        if open_sessions >= self._most:
            return _refusal(BUSY, SERVER_FULL)
        if self._by_address.is_full(address):
            log_full(address)
            return _refusal(TOO_MANY, TOO_MANY_OF_ADDRESS)
        if not self._rates.take(address):
            return _refusal(TOO_MANY, TOO_MANY_HANDSHAKES)
        if not self._bucket.take_if_left(per_second=self._per_second, burst=_BURST_SECONDS * self._per_second):
            return _refusal(BUSY, TOO_MANY_HANDSHAKES)
        return None

    def opened(self, address: str) -> None:
        """Count a session until `closed`."""
        self._by_address.add(address)

    def closed(self, address: str) -> None:
        self._by_address.remove(address)


def log_full(address: str) -> None:
    """Tell the operator, who may have forgotten a proxy."""
    log.warning(
        "%s has too many sockets, so new ones are refused; if it is a proxy, add it to TRUSTED_PROXIES", address
    )


def _refusal(status: str, reason: str) -> dict[str, Any]:  # Any: as Engine.IO builds responses
    metrics.REFUSED.labels(reason).inc()
    return {
        "status": status,
        "headers": [("Content-Type", "application/json"), ("Retry-After", str(RETRY_SECONDS))],
        "response": json_encoding.dumps({"message": reason}).encode(),
    }
