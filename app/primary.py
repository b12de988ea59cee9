"""Connections to a Redis that takes writes: a primary, also after a failover.

Behind a DNS name or a proxy a new connection reaches the new primary, while an old one stays with the server that has
become a replica. That server refuses writes, answers reads with what it once knew, and tells nobody. So each
connection asks for the server's role when it is made and every few seconds of use, and an answer that only a server
without the role gives ends the connection and has all others ask.
"""

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from redis.connection import Connection, SSLConnection
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import MasterDownError, NoPermissionError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as TimedOut

ROLE_SECONDS = 5

# READONLY in a script of Redis 6 stands within the text. UNBLOCKED is for who waits, as Celery's workers do.
_NOT_PRIMARY = re.compile(r"UNBLOCKED |NOREPLICAS |.*-READONLY ", re.DOTALL)


class NotPrimary(Disconnected):
    """The server can't take writes now: another one may have its place. As good as a lost connection."""


class _Doubt:
    """When this process last had reason to doubt that its connections lead to the primary."""

    at = 0.0


def doubt() -> None:
    """Have every connection of this process ask for its server's role before its next command."""
    _Doubt.at = time.monotonic()


class _ToPrimary:
    """Mixed into redis-py's connections."""

    def __init__(self, *args: Any, on_not_primary: Callable[[], None] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._on_not_primary = on_not_primary
        self._role_asked_at = 0.0

    def on_connect_check_health(self, check_health: bool = True) -> None:
        """Log in, and refuse a server that is no primary."""
        super().on_connect_check_health(check_health=False)  # type: ignore[misc]
        if self.handshake_metadata and self.protocol > 2:  # type: ignore[attr-defined]
            self._check_role(self.handshake_metadata)  # type: ignore[attr-defined]
        else:
            self._ask_role()

    def check_health(self) -> None:
        """Ask for the role, in place of a PING. Nothing was sent yet that could be done twice: so connect anew."""
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
            if is_of_no_primary(error):
                raise self._lost(str(error)) from None
            raise

    def _ask_role(self) -> None:
        self.send_command("HELLO", check_health=False)  # type: ignore[attr-defined]
        try:
            answer = super().read_response()  # type: ignore[misc]
        except (NoPermissionError, ResponseError):  # a proxy that does not know it
            answer = {}
        self._check_role(answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=False)))

    def _check_role(self, server: dict[Any, Any]) -> None:
        self._role_asked_at = time.monotonic()
        role = server.get(b"role", server.get("role", b"master"))
        if role in (b"replica", b"slave", "replica", "slave"):
            raise self._lost("the server is a replica")

    def _lost(self, reason: str) -> NotPrimary:
        self.disconnect()  # type: ignore[attr-defined]
        doubt()
        if self._on_not_primary is not None:
            self._on_not_primary()
        return NotPrimary(reason)


class PrimaryConnection(_ToPrimary, Connection):
    """For redis://."""


class SecurePrimaryConnection(_ToPrimary, SSLConnection):
    """For rediss://."""


def connection_class(url: str) -> type[Connection]:
    """Return the kind of connection that a URL asks for."""
    return SecurePrimaryConnection if urlsplit(url).scheme == "rediss" else PrimaryConnection


def is_of_no_primary(error: RedisError) -> bool:
    """Say whether an answer means that the server can't take writes now."""
    return isinstance(error, (ReadOnlyError, MasterDownError)) or bool(_NOT_PRIMARY.match(str(error)))
