"""`/livez`, `/readyz` and `/metrics`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from app import database_faults, service_faults
from app.api.state import state
from app.database_faults import NoRights
from app.services import outbox, readiness

bp = Blueprint("health", __name__)

WAITING = Gauge("toutiao_outbox_waiting", "Committed notifications that are not yet pushed")
OLDEST = Gauge("toutiao_outbox_oldest_seconds", "How long the oldest of them has waited")
SET_ASIDE = Gauge("toutiao_outbox_set_aside", "Dead letters: notifications that could not be pushed")


@bp.get("/livez")
def livez() -> Response:
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def readyz() -> Response:
    """Say which services do their part. Only the database is needed to serve: the rest waits in the outbox."""
    checks: dict[str, Callable[[], object]] = {
        "database": partial(readiness.check, state.database),
        **state.checks,
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
    except (*service_faults.ERRORS, service_faults.TakesNothing) as error:
        return service_faults.describe(error)
    except (SQLAlchemyError, NoRights) as error:
        return database_faults.describe(error)
    return None
