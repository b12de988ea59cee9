"""Fetches the public keys of a provider from its JWK set."""

import http.client
import logging
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import orjson

from core import public_keys
from core.public_keys import MOST_KEYS, PublicKey, UnusableKey

log = logging.getLogger(__name__)

_STEP_SECONDS = 5  # to connect, and between two pieces of the answer
_WHOLE_SECONDS = 10  # for the whole answer, from the moment at which the connection is there
_LARGEST_ANSWER = 256 * 1024
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

Fetch = Callable[[], tuple[PublicKey, ...]]


class Unavailable(Exception):
    """The provider can't be reached, or its answer has no usable keys. The message says which."""


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in _LOOPBACK


def create_fetch(url: str, *, whole_seconds: float = _WHOLE_SECONDS) -> Fetch:
    """Return a function that fetches the keys at an address. It raises Unavailable, and takes 20 s at most.

    It goes nowhere else: a redirect is an error. A proxy of the environment (HTTPS_PROXY) is used, as usual.
    """
    proxies = [urllib.request.ProxyHandler({})] if is_loopback(url) else []
    opener = urllib.request.build_opener(_NoRedirects, _Http(whole_seconds), _Https(whole_seconds), *proxies)
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310  (checked in settings)

    def fetch() -> tuple[PublicKey, ...]:
        try:
            with opener.open(request, timeout=_STEP_SECONDS) as answer:
                body = answer.read(_LARGEST_ANSWER + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unavailable(f"no answer ({error})") from None
        return read(body)

    return fetch


def read(body: bytes) -> tuple[PublicKey, ...]:
    """Read a JWK set, and pass over the keys that can't be used; raise Unavailable where none can."""
    if len(body) > _LARGEST_ANSWER:
        raise Unavailable("an answer of more than 256 KB")
    try:
        found = orjson.loads(body)["keys"]
    except (ValueError, TypeError, KeyError, IndexError):
        raise Unavailable("an answer that is no JWK set") from None
    if not isinstance(found, list):
        raise Unavailable("an answer that is no JWK set")
    usable, faults = _sort(found)
    if faults:
        log.warning("%d keys of the JWK set can't be used: %s", len(faults), "; ".join(faults[:5]))
    if not usable:
        raise Unavailable("a JWK set without a usable key")
    return tuple(usable)


def _sort(jwks: list[Any]) -> tuple[list[PublicKey], list[str]]:
    usable: list[PublicKey] = []
    faults: list[str] = []
    for position, jwk in enumerate(jwks):
        try:
            if len(usable) == MOST_KEYS:
                raise UnusableKey(f"comes after {MOST_KEYS} others")  # noqa: TRY301
            usable.append(public_keys.from_jwk(jwk))
        except UnusableKey as error:
            faults.append(f"key {position} {error}")
    return usable, faults


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Make a redirect an error of HTTP."""


class _Bounded(http.client.HTTPConnection):
    """A connection that ends after some seconds, also where the answer comes byte by byte."""

    def __init__(self, *where: Any, whole_seconds: float, **options: Any) -> None:  # Any: as the library calls it
        super().__init__(*where, **options)
        self._whole_seconds = whole_seconds

    def connect(self) -> None:
        super().connect()
        timer = threading.Timer(self._whole_seconds, _shut_down, (self.sock,))
        timer.daemon = True
        timer.start()


class _BoundedHttps(_Bounded, http.client.HTTPSConnection):
    pass


class _Http(urllib.request.HTTPHandler):
    def __init__(self, whole_seconds: float) -> None:
        super().__init__()
        self._connection = partial(_Bounded, whole_seconds=whole_seconds)

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, request)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, whole_seconds: float) -> None:
        super().__init__()
        self._connection = partial(_BoundedHttps, whole_seconds=whole_seconds)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, request, context=ssl.create_default_context())


def _shut_down(connected: socket.socket) -> None:
    with suppress(OSError):  # it has ended before
        connected.shutdown(socket.SHUT_RDWR)
