"""`/livez`, `/readyz` and `/metrics`."""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import urlsplit

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from app import database_faults, tls
from app.api.state import state
from app.cache import RedisError
from app.database_faults import NoRights
from app.services import outbox, readiness

bp = Blueprint("health", __name__)

WAITING = Gauge("toutiao_outbox_waiting", "Committed notifications that are not yet pushed")
OLDEST = Gauge("toutiao_outbox_oldest_seconds", "How long the oldest of them has waited")
SET_ASIDE = Gauge("toutiao_outbox_set_aside", "Dead letters: notifications that could not be pushed")

_CHECK_SECONDS = 0.5


@bp.get("/livez")
def livez() -> Response:
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def readyz() -> Response:
    """Say which services answer. Only the database is needed to serve: the rest waits in the outbox."""
    settings = state.settings
    checks: dict[str, Callable[[], object]] = {
        "database": partial(readiness.check, state.database),
        "redis": state.redis.ping,
        "broker": _reach(settings.broker_url),
        "message_queue": _reach(settings.message_queue_url),
    }
    with ThreadPoolExecutor(len(checks)) as pool:
        failures = dict(zip(checks, pool.map(_failure, checks.values()), strict=True))
    lines = "".join(f"{name}: {failure or 'ok'}\n" for name, failure in failures.items())
    return Response(lines, status=503 if failures["database"] else 200, mimetype="text/plain")


@bp.get("/metrics")
def metrics() -> Response:
    waiting = oldest_seconds = set_aside = float("nan")
    try:
        with state.database.reading() as connection:
            waiting, oldest_seconds, set_aside = outbox.depth(connection)
    except SQLAlchemyError as error:
        if not database_faults.is_unavailable(error):
            raise
        database_faults.report(error)
    WAITING.set(waiting)
    OLDEST.set(oldest_seconds)
    SET_ASIDE.set(set_aside)
    return Response(generate_latest() + generate_latest(state.counters), content_type=CONTENT_TYPE_LATEST)


def _failure(check: Callable[[], object]) -> str | None:
    try:
        check()
    except (OSError, RedisError) as error:
        return f"away ({type(error).__name__})"
    except (SQLAlchemyError, NoRights) as error:
        fault = database_faults.fault_of(error) or database_faults.AWAY
        return f"{fault.state}: {fault.remedy} ({_cause(error)})" if fault.remedy else f"away ({type(error).__name__})"
    return None


def _shake_hands(connection: socket.socket, secure: tls.Tls) -> None:
    try:
        context = secure.context()
    except ValueError as error:  # a file of it is gone since the start
        raise ConnectionError(str(error)) from None
    context.wrap_socket(connection, server_hostname=secure.host).close()


def _cause(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).partition("\n")[0]


def _reach(url: str) -> Callable[[], None]:
    parts = urlsplit(url)
    secure = tls.read(url)
    default = {"amqp": 5672, "amqps": 5671}.get(parts.scheme, 6379)

    def reach() -> None:
        address = (parts.hostname or "localhost", parts.port or default)
        with socket.create_connection(address, timeout=_CHECK_SECONDS) as connection:
            if secure is not None:
                _shake_hands(connection, secure)

    return reach
