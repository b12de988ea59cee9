"""Connections to Redis, with every wait bounded."""

from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

__all__ = ["RedisError", "connect"]


def connect(url: str, *, timeout_seconds: float) -> Redis:
    """Return a client that raises RedisError after at most twice the timeout.

    It tries a second time at once, because a connection that lay idle may have been closed by the server.
    """
    pool = ConnectionPool.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        socket_keepalive=True,
        health_check_interval=0,
        retry=Retry(NoBackoff(), 1),
        max_connections=64,
    )
    return Redis(connection_pool=pool)
