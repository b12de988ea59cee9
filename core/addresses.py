"""The address of the real client of a request, and its scheme, where proxies stand between.

Whoever sends a request can write any header. So a header counts only if a trusted proxy sent it. The header `Forwarded`
(RFC 7239) never counts: the usual proxies write `X-Forwarded-For`, and pass on a `Forwarded` as the client wrote it.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_SCHEMES = ("http", "https")
_CLIENT_PREFIX = 64  # a provider gives each IPv6 customer a /64 or more, and its hosts change their address at will
_MAPPED = IPv6Network("::ffff:0:0/96")  # IPv4 addresses as a socket for both families shows them
# RFC 1918, 6598, 4193, 3927 and 4291. The property `is_private` also holds for addresses that only documents use.
_INTERNAL: tuple[Network, ...] = (
    *map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")),
    *map(IPv6Network, ("fc00::/7", "fe80::/10")),
)
# Where an IPv6 address of the internet has to be: the part that is given out, and IPv4 behind a gateway (RFC 6052).
_GIVEN_OUT = IPv6Network("2000::/3")
_BEHIND_GATEWAY = IPv6Network("64:ff9b::/96")
# Ways to write an IPv4 address in IPv6 that lead through a tunnel: 6to4 and Teredo.
_TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))
_WITH_PORT = re.compile(r"\[([^\]]*:[^\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


class TrustedProxies:
    """The proxies whose headers count, by the settings."""

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = tuple(networks)

    def client_of(self, peer: str, forwarded_for: str | None) -> str:
        """Return the address of the client in its usual form: the last one on the way that is no trusted proxy.

        `peer` is the address that the connection comes from, and is returned as it is if it is no address, such as
        that of a Unix socket. `forwarded_for` is the header `X-Forwarded-For`; each proxy appends the address that it
        saw. A malformed part ends the way there.
        """
        client = parse(peer)
        if client is None:
            return peer
        for part in reversed(forwarded_for.split(",")) if forwarded_for else ():
            if not self._trusts(client) or (before := parse(part.strip())) is None:
                break
            client = before
        return str(client)

    def scheme_of(self, peer: str, own: str, forwarded_proto: str | None) -> str:
        """Return the scheme that the client uses: that of the header `X-Forwarded-Proto`, or our own.

        Where proxies have appended to the header, the last part counts: the nearest proxy wrote it.
        """
        if not forwarded_proto or (address := parse(peer)) is None or not self._trusts(address):
            return own
        scheme = forwarded_proto.rpartition(",")[2].strip().lower()
        return scheme if scheme in _SCHEMES else own

    def trusts(self, address: str) -> bool:
        """Say whether an address is that of a trusted proxy."""
        parsed = parse(address)
        return parsed is not None and self._trusts(parsed)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def parse(text: str) -> Address | None:
    """Read an address, with or without brackets, port and zone; None if it is none.

    An IPv4 address in IPv6 form becomes IPv4.
    """
    found = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address((found[1] or found[2]) if found else text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))  # without the zone, which has a meaning only on its machine


def parse_network(text: str) -> Network:
    """Read a network, or an address as the network of this address alone; raise ValueError."""
    network = ip_network(text)
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        mapped = IPv4Address(int(network.network_address) & 0xFFFF_FFFF)
        return IPv4Network((mapped, network.prefixlen - _MAPPED.prefixlen))
    return network


def block_of(address: str) -> str:
    """Return what limits count as one client: an IPv4 address, or the /64 of an IPv6 address."""
    parsed = parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((int(parsed), _CLIENT_PREFIX), strict=False))
    return address if parsed is None else str(parsed)


def is_internal(address: str) -> bool:
    """Say whether an address is this machine's, or of a network that the internet does not reach."""
    parsed = parse(address)
    return parsed is not None and (parsed.is_loopback or any(parsed in network for network in _INTERNAL))


def is_public(text: str) -> bool:
    """Say whether an address is one of the internet, of a single host. It is not the reverse of `is_internal`.

    Whatever is neither a known part of the internet nor leads there is not public: private networks, this machine,
    addresses for documents and tests, and IPv4 addresses of these in any form of IPv6.
    """
    address = parse(text)
    if isinstance(address, IPv6Address) and address in _BEHIND_GATEWAY:
        address = IPv4Address(int(address) & 0xFFFF_FFFF)
    if address is None or not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return True
    return address in _GIVEN_OUT and not any(address in tunnel for tunnel in _TUNNELS)
