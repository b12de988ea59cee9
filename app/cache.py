"""Connections to Redis, with every wait bounded."""

import re
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import DataError, NoPermissionError, RedisError, ResponseError
from redis.exceptions import TimeoutError as TimedOut
from redis.retry import Retry

from app import tls
from app.primary import NotPrimary, connection_class

__all__ = ["RedisError", "connect", "is_unavailable", "is_wrong_type", "lacks_rights"]

T = TypeVar("T")

_REST_SECONDS = 0.5


def connect(url: str, *, timeout_seconds: float, on_not_primary: Callable[[], None] | None = None) -> Redis:
    """Return a client that raises RedisError after the timeout, and at once for half a second after it did so.

    A request that asks several times of a Redis that is away so waits for it once. `on_not_primary` is called when the
    server behind a connection turns out to be no primary any more; the client then connects anew by itself.
    """
    pool = ConnectionPool.from_url(
        tls.for_redis(url),
        connection_class=connection_class(url),
        on_not_primary=on_not_primary,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        socket_keepalive=True,
        health_check_interval=0,
        retry=_RestingRetry(),
        max_connections=64,
    )
    return Redis(connection_pool=pool)


def is_wrong_type(error: BaseException) -> bool:
    """Say whether a key holds another type than a command is for: that key's own trouble, and never Redis'."""
    return isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE ")


# MISCONF, NOREPLICAS, BUSY and others tell of the server; what has no code tells of one command.
_CODE = re.compile(r"[A-Z]{3,} ")
# Scripts tell of rights without a code: those of Valkey, and of Redis.
_NO_RIGHTS = re.compile(r"ACL failure in script|The user executing the script can't")


def lacks_rights(error: BaseException) -> bool:
    """Say whether the user of the URL may not do what was asked for, also within a script."""
    is_of_script = isinstance(error, ResponseError) and bool(_NO_RIGHTS.match(str(error)))
    return is_of_script or isinstance(error, NoPermissionError)


def is_unavailable(error: BaseException) -> bool:
    """Say whether an error means that Redis can't serve now, as opposed to a key or a command that is wrong."""
    if is_wrong_type(error):
        return False
    if isinstance(error, ResponseError):
        return type(error) is not ResponseError or bool(_CODE.match(str(error))) or lacks_rights(error)
    return isinstance(error, RedisError) and not isinstance(error, DataError)


class _RestingRetry(Retry):
    """Tries a second time only where a connection has ended: one that lay idle may have been closed by the server."""

    def __init__(self) -> None:
        super().__init__(NoBackoff(), 1, supported_errors=(Disconnected,))
        self._rests_until = 0.0

    def __deepcopy__(self, _memo: object) -> Self:
        return self  # each connection copies what it is given, and all of a pool should rest together

    def call_with_retry(self, do: Callable[[], T], fail: Callable[..., Any], *args: Any, **options: Any) -> T:
        if time.monotonic() < self._rests_until:
            raise Disconnected("Redis did not answer a moment ago")
        try:
            return super().call_with_retry(do, fail, *args, **options)
        except NotPrimary:
            raise  # it was no wait
        except (Disconnected, TimedOut):
            self._rests_until = time.monotonic() + _REST_SECONDS
            raise
