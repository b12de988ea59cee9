"""Connections to PostgreSQL: every wait bounded, directly or through a pooler, and none that has died in the pool."""

import re
import time
from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, event
from sqlalchemy.exc import InvalidatePoolError

from app.config import SettingsError
from app.database_faults import READ_ONLY_STATE

_CONNECT_SECONDS = 2
_STATEMENT_SECONDS = 5
_PATIENCE_SECONDS = 6  # longer than a statement may take, for a server that does not even say so
_LOCK_SECONDS = 3
_IDLE_SECONDS = 1  # after which a connection is asked whether it still lives
_PING_SECONDS = 1
_CANCEL_SECONDS = 0.5

_OPTION = re.compile(r"(?:-c\s*|--)([\w.-]+)=((?:\\.|\S)*)")
# Of PgBouncer and those like it, and of RDS Proxy.
_ARE_REFUSED = ("unsupported startup parameter", "support command-line options")


def prepare(engine: Engine, *, is_for_migrations: bool) -> None:
    """Have an engine connect as this module says."""
    connector = _Connector(engine.url, is_for_migrations=is_for_migrations)
    event.listen(engine, "do_connect", lambda _dialect, _record, args, given: connector.connect(args, given))
    event.listen(engine, "checkout", _check_idle)
    event.listen(engine, "handle_error", _drop_pool_of_read_only)


def connect_args(url: URL, *, is_for_migrations: bool) -> dict[str, Any]:
    """Return what bounds the waits for a server. What the URL says of the same comes before it."""
    statement_seconds = 0 if is_for_migrations else _STATEMENT_SECONDS  # 0 for no limit, whatever the user's own is
    options = {
        "lock_timeout": _LOCK_SECONDS,
        "statement_timeout": statement_seconds,
        "idle_in_transaction_session_timeout": 4 * statement_seconds,
    }
    bounds: dict[str, Any] = {
        "connect_timeout": _CONNECT_SECONDS,
        "client_encoding": "utf8",  # whatever PGCLIENTENCODING or the user's own defaults say
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": _STATEMENT_SECONDS * 1000,
    }
    if len(",".join(url.normalized_query.get("host", ())).split(",")) > 1:
        bounds["target_session_attrs"] = "read-write"  # of several servers the primary, wherever it is now
    given = _given_options(url)  # of two that set the same, the server takes the last
    return {
        **{name: value for name, value in bounds.items() if name not in url.query},
        "options": " ".join([*(f"-c {name}={seconds}s" for name, seconds in options.items()), given]).strip(),
    }


class _Connector:
    """Connects; finds out by itself whether there is a pooler between, whose connections keep no state of a session."""

    def __init__(self, url: URL, *, is_for_migrations: bool) -> None:
        given = _OPTION.findall(_given_options(url))
        self._given_options = {name: re.sub(r"\\(.)", r"\1", value) for name, value in given}
        self._is_for_migrations = is_for_migrations
        self._are_options_refused = False

    def connect(self, args: tuple[Any, ...], given: dict[str, Any]) -> "_Connection":
        connection = self._open(args, given)
        try:
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        if self._is_for_migrations:
            connection.patience_seconds = None
        return connection

    def _open(self, args: tuple[Any, ...], given: dict[str, Any]) -> "_Connection":
        if not self._are_options_refused:
            try:
                return _Connection.connect(*args, **given)
            except psycopg.OperationalError as error:
                if not any(text in str(error) for text in _ARE_REFUSED):
                    raise
            self._are_options_refused = True
        return _Connection.connect(*args, **{**given, "options": ""})

    def _check(self, connection: "_Connection") -> None:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding not in ("UTF8", None):  # None from a pooler that does not say
            raise SettingsError(
                f"DATABASE_URL: the database has the encoding {encoding}, which can't keep all that users write; "
                "make one with: createdb --template template0 --encoding UTF8"
            )
        # A pooler names itself when a client connects, and any server process answers.
        [[server_process]] = connection.ask("SELECT pg_backend_pid()")
        if self._are_options_refused or server_process != connection.info.backend_pid:
            connection.use_pooler()
            self._check_options(connection)

    def _check_options(self, connection: "_Connection") -> None:
        """Raise SettingsError where the pooler has dropped what the URL sets, such as the schema to work in."""
        for name, value in self._given_options.items():
            # Both as the server writes them: 7000ms is 7s. It evaluates the columns in this order.
            [[actual, wanted]] = connection.ask(
                "SELECT current_setting(%s), set_config(%s, %s, true)", name, name, value
            )
            if _without_blanks(actual) != _without_blanks(wanted):
                raise SettingsError(
                    f"DATABASE_URL: the pooler passes no options on, and {name} is {actual!r} behind it; set it for "
                    f"the user (ALTER ROLE ... SET {name} = ...) or in the pooler (PgBouncer: connect_query)"
                )


class _Connection(psycopg.Connection[Any]):
    """Gives up on a server that is silent: one that is paused neither answers nor ends the connection."""

    patience_seconds: float | None = _PATIENCE_SECONDS
    used_at = 0.0
    _is_pooled = False

    def use_pooler(self) -> None:
        """Leave no state with the server: the next transaction may get another process of it."""
        self._is_pooled = True
        self.prepare_threshold = None
        self.patience_seconds = _STATEMENT_SECONDS  # no statement_timeout is set for us

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            result = super().wait(gen, interval, timeout or self.patience_seconds)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                if self._is_pooled:
                    with suppress(psycopg.Error):
                        self.cancel_safe(timeout=_CANCEL_SECONDS)
                self.close()  # an answer that comes after all must not be taken for that of the next statement
            raise
        self.used_at = time.monotonic()
        return result

    def ask(self, question: str, *values: object) -> list[Any]:
        """Return the rows of a question that is asked outside of any transaction."""
        self.autocommit = True
        try:
            return self.execute(question, values or None).fetchall()
        finally:
            if not self.closed:
                self.autocommit = False

    def is_alive(self) -> bool:
        """Say whether the server answers, soon."""
        usual, self.patience_seconds = self.patience_seconds, _PING_SECONDS
        try:
            self.ask("SELECT 1")
        except psycopg.Error:
            return False
        finally:
            self.patience_seconds = usual
        return True


def _check_idle(connection: _Connection, _record: object, _checkout: object) -> None:
    """Replace what the server, a firewall or a proxy has ended meanwhile: the caller need not know of it."""
    if time.monotonic() - connection.used_at > _IDLE_SECONDS and not connection.is_alive():
        raise InvalidatePoolError


def _drop_pool_of_read_only(context: Any) -> None:
    """Connect anew after a write that was refused: an old primary may stay as a standby, and keep its connections."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY_STATE:
        context.is_disconnect = True


def _given_options(url: URL) -> str:
    return " ".join(url.normalized_query.get("options", ()))


def _without_blanks(value: str) -> str:
    return value.replace(" ", "").replace('"', "")
