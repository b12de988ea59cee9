"""Limits for each address. They count clients from the internet, and only those."""

from collections import Counter
from functools import lru_cache

from core import addresses
from core.addresses import TrustedProxies
from im.hub.rate_limit import TokenBucket

_REMEMBERED = 4096  # addresses that need not be parsed again
_BURST_SECONDS = 10
_SWEEP_FROM = 1000  # buckets; fewer are not worth a search for full ones


class Clients:
    """Says who a request comes from, and what counts as one client."""

    def __init__(self, proxies: TrustedProxies) -> None:
        self._proxies = proxies
        self._direct = lru_cache(maxsize=_REMEMBERED)(lambda peer: proxies.client_of(peer, None))
        self.block_of = lru_cache(maxsize=_REMEMBERED)(self._block_of)

    def address_of(self, peer: str, forwarded_for: str | None) -> str:
        """Return the client's address: that of its connection, or what trusted proxies say."""
        # Remember no header: it can be long, and clients write it.
        return self._direct(peer) if forwarded_for is None else self._proxies.client_of(peer, forwarded_for)

    def _block_of(self, address: str) -> str | None:
        """Return what limits count as one client, or None for an address without a limit.

        This machine, private networks and trusted proxies have none. Nobody comes from the internet with such an
        address. It is probably a proxy that TRUSTED_PROXIES should name, and all clients are behind it.
        """
        if addresses.is_internal(address) or self._proxies.trusts(address):
            return None
        return addresses.block_of(address)


class AddressCounts:
    """How much each address has open. An address that has nothing open takes no memory."""

    def __init__(self, clients: Clients, *, most: int) -> None:
        self._block_of = clients.block_of
        self._most = most
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def is_full(self, address: str) -> bool:
        block = self._block_of(address)
        return block is not None and self._open[block] >= self._most

    def add(self, address: str) -> None:
        block = self._block_of(address)
        if block is not None:
            self._open[block] += 1

    def remove(self, address: str) -> None:
        """Undo one `add`."""
        block = self._block_of(address)
        if block is not None:
            self._open[block] -= 1
            if self._open[block] <= 0:
                del self._open[block]


class AddressRates:
    """A token bucket for each address that was active lately."""

    def __init__(self, clients: Clients, *, per_second: float) -> None:
        self._block_of = clients.block_of
        self._per_second = per_second
        self._buckets: dict[str, TokenBucket] = {}
        self._sweep_at = _SWEEP_FROM

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, address: str) -> bool:
        """Count one event of an address; return whether it is within the limit."""
        block = self._block_of(address)
        if block is None:
            return True
        bucket = self._buckets.get(block)
        if bucket is None:
            self._sweep()
            bucket = self._buckets[block] = TokenBucket()
        return bucket.take_if_left(per_second=self._per_second, burst=_BURST_SECONDS * self._per_second)

    def _sweep(self) -> None:
        """Forget the buckets that are full again, each time their number has doubled."""
        if len(self._buckets) >= self._sweep_at:
            self._buckets = {block: bucket for block, bucket in self._buckets.items() if not bucket.is_full}
            self._sweep_at = max(_SWEEP_FROM, 2 * len(self._buckets))
