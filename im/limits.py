"""Builds the limits of an IM server from its settings."""

import logging

from core.settings import ImSettings
from im import descriptors
from im.hub.address_limits import AddressCounts, AddressRates, Clients
from im.hub.rate_limit import ClientRate
from im.transport.handshake_limits import HandshakeLimits
from im.transport.http_exchange import RequestLimits
from im.transport.http_server import HttpLimits

log = logging.getLogger(__name__)


class Limits:
    """`sockets` and `anonymous_sockets` are how many may be open on this server."""

    def __init__(self, settings: ImSettings) -> None:
        self._settings = settings
        self.clients = Clients(settings.proxies)
        self.sockets = _most_sockets(settings.limit_sockets_per_server)
        anonymous = settings.limit_anonymous_sockets
        # By default, a twentieth of all sockets is left to users.
        self.anonymous_sockets = self.sockets * 19 // 20 if anonymous is None else anonymous

    def for_http(self) -> HttpLimits:
        return HttpLimits(
            RequestLimits(self._settings.limit_request_seconds, self._settings.limit_message_bytes),
            connections=AddressCounts(self.clients, most=self._settings.limit_sockets_per_address),
            highest_descriptor=descriptors.highest_of_client(),
        )

    def for_handshakes(self) -> HandshakeLimits:
        return HandshakeLimits(
            sessions=self.sockets,
            per_second=self._settings.limit_handshakes_per_second,
            by_address=AddressCounts(self.clients, most=self._settings.limit_sockets_per_address),
            rates=AddressRates(self.clients, per_second=self._settings.limit_handshakes_per_address),
        )

    def for_client(self) -> ClientRate:
        return ClientRate(self._settings.limit_events_per_second, self._settings.limit_bytes_per_second)


def _most_sockets(wanted: int | None) -> int:
    allowed = descriptors.most_sockets()
    if wanted is not None and wanted > allowed:
        log.warning("only %d sockets are possible, not LIMIT_SOCKETS_PER_SERVER: see ulimit -n", allowed)
    return min(wanted or allowed, allowed)
