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

from core import tls
from core.primary import NotPrimary, TooOld, connection_class

__all__ = ["RedisError", "connect", "is_unavailable", "is_wrong_type", "lacks_rights"]

T = TypeVar("T")

_FAIL_FAST_SECONDS = 0.5


def connect(url: str, *, timeout_seconds: float, on_not_primary: Callable[[], None] | None = None) -> Redis:
    """Return a client that raises RedisError after the timeout, and at once for half a second after that.

    So a request that asks an unavailable Redis several times waits only once. `on_not_primary` is called when the
    server behind a connection is no longer the primary; the client then reconnects by itself.
    """
    pool = ConnectionPool.from_url(
        tls.for_redis(url),
        connection_class=connection_class(url),
        on_not_primary=on_not_primary,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        socket_keepalive=True,
        health_check_interval=0,
        retry=_FailFastRetry(),
        max_connections=64,
    )
    return Redis(connection_pool=pool)


def is_wrong_type(error: BaseException) -> bool:
    """Say whether a command met a key of another type. It is a fault of that key, never of Redis."""
    return isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE ")


# An error with a code such as MISCONF, NOREPLICAS or BUSY is about the server. One without a code is about a command.
_CODE = re.compile(r"[A-Z]{3,} ")
# A script's error about a missing right has no code. These are the texts of Valkey and of Redis.
_NO_RIGHTS = re.compile(r"ACL failure in script|The user executing the script can't")


def lacks_rights(error: BaseException) -> bool:
    """Say whether the user in the URL lacks a right for the command, also within a script."""
    is_of_script = isinstance(error, ResponseError) and bool(_NO_RIGHTS.match(str(error)))
    return is_of_script or isinstance(error, NoPermissionError)


def is_unavailable(error: BaseException) -> bool:
    """Say whether Redis can't serve now. It is False where only a key or a command is wrong."""
    if is_wrong_type(error):
        return False
    if isinstance(error, ResponseError):
        return type(error) is not ResponseError or bool(_CODE.match(str(error))) or lacks_rights(error)
    return isinstance(error, RedisError) and not isinstance(error, DataError)


class _FailFastRetry(Retry):
    """Tries a second time only after a lost connection, since the server may have closed an idle one.

    After a lost connection or a timeout, all calls of the pool fail at once for half a second.
    """

    def __init__(self) -> None:
        super().__init__(NoBackoff(), 1, supported_errors=(Disconnected,))
        self._fails_fast_until = 0.0

    def __deepcopy__(self, _memo: object) -> Self:
        return self  # each connection copies its retry object, but a pool should share one

    def call_with_retry(self, do: Callable[[], T], fail: Callable[..., Any], *args: Any, **options: Any) -> T:
        if time.monotonic() < self._fails_fast_until:
            raise Disconnected("not sent: Redis did not answer a moment ago")
        try:
            return super().call_with_retry(do, fail, *args, **options)
        except (NotPrimary, TooOld):
            raise  # no time was lost
        except (Disconnected, TimedOut):
            self._fails_fast_until = time.monotonic() + _FAIL_FAST_SECONDS
            raise
