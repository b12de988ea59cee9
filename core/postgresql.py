"""Connections to PostgreSQL, directly or through a pooler: each wait has a bound, and a dead connection is replaced."""

import re
import time
from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, event
from sqlalchemy.exc import InvalidatePoolError

from core import versions
from core.database_faults import READ_ONLY_STATE, NoAnswer
from core.settings import SettingsError

_CONNECT_SECONDS = 2
_STATEMENT_SECONDS = 5
_SILENCE_SECONDS = 6  # longer than a statement may take: after it, a silent server counts as dead
_LOCK_SECONDS = 3
_IDLE_SECONDS = 1  # after it, a connection is tested before use
_PING_SECONDS = 1
_CANCEL_SECONDS = 0.5

_OPTION = re.compile(r"(?:-c\s*|--)([\w.-]+)=((?:\\.|\S)*)")
# The errors of PgBouncer and similar poolers, and of RDS Proxy.
_OPTIONS_REFUSED = ("unsupported startup parameter", "support command-line options")


def prepare(engine: Engine, *, is_for_migrations: bool) -> None:
    """Make an engine connect in the way of this module."""
    connector = _Connector(engine.url, is_for_migrations=is_for_migrations)
    event.listen(engine, "do_connect", lambda _dialect, _record, args, given: connector.connect(args, given))
    event.listen(engine, "checkout", _check_idle)
    event.listen(engine, "handle_error", _drop_pool_of_read_only)


def connect_args(url: URL, *, is_for_migrations: bool) -> dict[str, Any]:
    """Return the options that bound the waits for a server. An option in the URL takes precedence."""
    statement_seconds = 0 if is_for_migrations else _STATEMENT_SECONDS  # 0: no limit, also where the user has one
    options = {
        "lock_timeout": _LOCK_SECONDS,
        "statement_timeout": statement_seconds,
        "idle_in_transaction_session_timeout": 4 * statement_seconds,
    }
    bounds: dict[str, Any] = {
        "connect_timeout": _CONNECT_SECONDS,
        "client_encoding": "utf8",  # whatever PGCLIENTENCODING or the user's defaults say
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": _STATEMENT_SECONDS * 1000,
    }
    if len(",".join(url.normalized_query.get("host", ())).split(",")) > 1:
        bounds["target_session_attrs"] = "read-write"  # of several servers, choose the primary
    given = _given_options(url)  # they come last, and the server takes the last value of an option
    return {
        **{name: value for name, value in bounds.items() if name not in url.query},
        "options": " ".join([*(f"-c {name}={seconds}s" for name, seconds in options.items()), given]).strip(),
    }


class _Connector:
    """Connects, and detects a pooler in between, whose connections keep no session state."""

    def __init__(self, url: URL, *, is_for_migrations: bool) -> None:
        given = _OPTION.findall(_given_options(url))
        self._given_options = {name: re.sub(r"\\(.)", r"\1", value) for name, value in given}
        self._is_for_migrations = is_for_migrations
        self._are_options_refused = False

    def connect(self, args: tuple[Any, ...], given: dict[str, Any]) -> "Connection":
        connection = self._open(args, given)
        try:
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        if self._is_for_migrations:
            connection.silence_seconds = None
        return connection

    def _open(self, args: tuple[Any, ...], given: dict[str, Any]) -> "Connection":
        if not self._are_options_refused:
            try:
                return Connection.connect(*args, **given)
            except psycopg.OperationalError as error:
                if not any(text in str(error) for text in _OPTIONS_REFUSED):
                    raise
            self._are_options_refused = True
        return Connection.connect(*args, **{**given, "options": ""})

    def _check(self, connection: "Connection") -> None:
        version = connection.info.parameter_status("server_version") or ""  # which a pooler need not say
        if shortfall := versions.shortfall("PostgreSQL", version.partition(" ")[0]):
            raise SettingsError(f"DATABASE_URL: the server is too old: {shortfall}")
        encoding = connection.info.parameter_status("server_encoding")
        if encoding not in ("UTF8", None):  # None from a pooler that does not report it
            raise SettingsError(
                f"DATABASE_URL: the database has the encoding {encoding}, which can't store all that users write; "
                "create one with: createdb --template template0 --encoding UTF8"
            )
        # A pooler reports its own process id when a client connects, while any server process may answer a query.
        [[server_process]] = connection.ask("SELECT pg_backend_pid()")
        if self._are_options_refused or server_process != connection.info.backend_pid:
            connection.use_pooler()
            self._check_options(connection)

    def _check_options(self, connection: "Connection") -> None:
        """Raise SettingsError where the pooler drops an option of the URL, such as the schema to work in."""
        for name, value in self._given_options.items():
            # Compare both as the server writes them, since 7000ms is 7s. It evaluates the columns in this order.
            [[actual, wanted]] = connection.ask(
                "SELECT current_setting(%s), set_config(%s, %s, true)", name, name, value
            )
            if _without_blanks(actual) != _without_blanks(wanted):
                raise SettingsError(
                    f"DATABASE_URL: the pooler drops the URL's options, and {name} is {actual!r} behind it; set it for "
                    f"the user (ALTER ROLE ... SET {name} = ...) or in the pooler (PgBouncer: connect_query)"
                )


class Connection(psycopg.Connection[Any]):
    """Gives up on a silent server, since a paused server neither answers nor ends the connection."""

    silence_seconds: float | None = _SILENCE_SECONDS
    used_at = 0.0
    is_pooled = False  # whether a pooler is in between, which keeps no state of a session

    def use_pooler(self) -> None:
        """Keep no state in the server: the next transaction may get another server process."""
        self.is_pooled = True
        self.prepare_threshold = None
        self.silence_seconds = _STATEMENT_SECONDS  # the pooler drops statement_timeout

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            result = super().wait(gen, interval, self.silence_seconds if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status != psycopg.pq.TransactionStatus.ACTIVE:
                raise
            if self.is_pooled:
                with suppress(psycopg.Error):
                    self.cancel_safe(timeout=_CANCEL_SECONDS)
            self.close()  # else a late answer would count as that of the next statement
            raise NoAnswer(str(error)) from error
        self.used_at = time.monotonic()
        return result

    def ask(self, query: str, *values: object) -> list[Any]:
        """Return the rows of a query, outside of any transaction."""
        self.autocommit = True
        try:
            return self.execute(query, values or None).fetchall()
        finally:
            if not self.closed:
                self.autocommit = False

    def is_alive(self) -> bool:
        """Say whether the server answers within a second."""
        usual, self.silence_seconds = self.silence_seconds, _PING_SECONDS
        try:
            self.ask("SELECT 1")
        except psycopg.Error:
            return False
        finally:
            self.silence_seconds = usual
        return True


def _check_idle(connection: Connection, _record: object, _checkout: object) -> None:
    """Replace a connection that the server, a firewall or a proxy has ended. The caller notices nothing."""
    if time.monotonic() - connection.used_at > _IDLE_SECONDS and not connection.is_alive():
        raise InvalidatePoolError


def _drop_pool_of_read_only(context: Any) -> None:
    """Drop all connections after a refused write: an old primary may stay as a standby and keep its connections."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY_STATE:
        context.is_disconnect = True


def _given_options(url: URL) -> str:
    return " ".join(url.normalized_query.get("options", ()))


def _without_blanks(value: str) -> str:
    return value.replace(" ", "").replace('"', "")
