"""Checks the endpoint of a new subscription while its client waits, and never for long."""

from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

from core.push_endpoints import Endpoint, Endpoints

_SECONDS = 1.0  # for the resolver
_AT_ONCE = 2


class WebPushOff(Exception):
    """The settings have no key for Web Push."""


class EndpointCheck:
    """Tells a client at once what is wrong. Workers check again at each call, since a name can get another address."""

    def __init__(self, endpoints: Endpoints, *, seconds: float = _SECONDS) -> None:
        self._endpoints = endpoints
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="resolver")
        self._free = BoundedSemaphore(_AT_ONCE)

    def check(self, url: str) -> None:
        """Raise InvalidEndpoint. A name that can't be resolved in time is accepted: nobody calls it unchecked."""
        endpoint = self._endpoints.parse(url)
        if not self._free.acquire(blocking=False):
            return
        found = self._pool.submit(self._find, endpoint)
        try:
            found.result(self._seconds)
        except (OSError, TimeoutError):
            return

    def _find(self, endpoint: Endpoint) -> None:
        try:
            self._endpoints.find(endpoint)
        finally:
            self._free.release()
