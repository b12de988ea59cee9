"""Connections to the Redis primary, the server that takes writes, also after a failover; it has to be new enough.

Behind a DNS name or a proxy, a new connection reaches the new primary. An old connection stays with the old primary,
which is a replica now: it refuses writes and answers reads with old data, without any notice. So each connection asks
for the server's role when it connects, and every few seconds of use. An error that shows a lost role ends the
connection, and makes all other connections ask. The answer to the first question also has the server's version.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from redis.connection import Connection, SSLConnection
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import MasterDownError, NoPermissionError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as TimedOut

from core import versions
from core.tls import Tls

ROLE_SECONDS = 5
_OF_HELLO = frozenset({b"server", "server"})  # each server names itself in its answer

# Redis 6 puts READONLY inside the text when a script fails. UNBLOCKED ends a blocking call, as Celery's workers use.
_NOT_PRIMARY = re.compile(r"UNBLOCKED |NOREPLICAS |.*-READONLY ", re.DOTALL)


class NotPrimary(Disconnected):
    """The server can't take writes now; another server may be the primary. Treat it as a lost connection."""


class TooOld(Disconnected):
    """The server lacks commands that are needed. Nothing is tried on it: each attempt would fail in its own way."""


class _Doubt:
    """When this process last found a reason to suspect that its connections no longer lead to the primary."""

    at = 0.0


def doubt() -> None:
    """Make every connection of this process ask for its server's role before its next command."""
    _Doubt.at = time.monotonic()


class _PrimaryMixin:
    """Mixed into redis-py's connections: it checks that the server is the primary."""

    def __init__(self, *args: Any, on_not_primary: Callable[[], None] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._on_not_primary = on_not_primary
        self._role_asked_at = 0.0

    def on_connect_check_health(self, check_health: bool = True) -> None:
        """Log in, and refuse a server that is not the primary, or too old."""
        try:
            super().on_connect_check_health(check_health=False)  # type: ignore[misc]
        except ResponseError as error:
            if "unknown command" in str(error):  # HELLO, with which redis-py logs in: the text has the password
                self._check_version("5, or older")
            raise
        if self.handshake_metadata and self.protocol > 2:  # type: ignore[attr-defined]
            self._check_server(self.handshake_metadata)  # type: ignore[attr-defined]
        else:
            self._ask_role()

    def check_health(self) -> None:
        """Ask for the role instead of sending a PING. No command is sent yet, so a reconnect repeats nothing."""
        if self._role_asked_at < max(_Doubt.at, time.monotonic() - ROLE_SECONDS):
            try:
                self._ask_role()
            except (Disconnected, TimedOut):
                self.disconnect()  # type: ignore[attr-defined]
                self.connect()  # type: ignore[attr-defined]

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return super().read_response(*args, **options)  # type: ignore[misc]
        except ResponseError as error:
            if _shows_lost_role(error):
                raise self._lost(str(error)) from None
            raise

    def _ask_role(self) -> None:
        self.send_command("HELLO", check_health=False)  # type: ignore[attr-defined]
        try:
            answer = super().read_response()  # type: ignore[misc]
        except (NoPermissionError, ResponseError):  # a proxy that does not know HELLO
            self._check_server({})
            return
        if isinstance(answer, list):
            answer = dict(zip(answer[::2], answer[1::2], strict=False))
        if not isinstance(answer, dict) or not answer.keys() & _OF_HELLO:
            # Kombu may have sent a BRPOP whose answer it has not read: that answer came first.
            raise Disconnected("the answer to an earlier command was still on its way")
        self._check_server(answer)

    def _check_server(self, server: dict[Any, Any]) -> None:
        self._role_asked_at = time.monotonic()
        role = server.get(b"role", server.get("role", b"master"))
        if role in (b"replica", b"slave", "replica", "slave"):
            raise self._lost("the server is a replica")
        version = server.get(b"version", server.get("version", ""))
        self._check_version(version.decode() if isinstance(version, bytes) else version)

    def _check_version(self, version: str) -> None:
        if shortfall := versions.shortfall("Redis", version):
            self.disconnect()  # type: ignore[attr-defined]
            raise TooOld(shortfall) from None

    def _lost(self, reason: str) -> NotPrimary:
        self.disconnect()  # type: ignore[attr-defined]
        doubt()
        if self._on_not_primary is not None:
            self._on_not_primary()
        return NotPrimary(reason)


class PrimaryConnection(_PrimaryMixin, Connection):
    """For redis://."""


class SecurePrimaryConnection(_PrimaryMixin, SSLConnection):
    """For rediss://. Only a named authority is trusted: redis-py alone would add it to those of the machine."""

    def _wrap_socket_with_ssl(self, sock: socket.socket) -> ssl.SSLSocket:
        host = self.host if self.check_hostname else None
        try:
            context = Tls(host, self.cert_reqs, self.ca_certs, self.certfile, self.keyfile).context()
        except ValueError as error:  # since the start a file has been replaced by one that can't be used
            raise OSError(str(error)) from None
        return context.wrap_socket(sock, server_hostname=self.host)


def connection_class(url: str) -> type[Connection]:
    """Return the class of connections for the scheme of a URL."""
    return SecurePrimaryConnection if urlsplit(url).scheme == "rediss" else PrimaryConnection


def _shows_lost_role(error: RedisError) -> bool:
    """Say whether an error means that the server can't take writes now."""
    return isinstance(error, (ReadOnlyError, MasterDownError)) or bool(_NOT_PRIMARY.match(str(error)))
