"""`/livez`, `/readyz` and `/metrics`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from app.api import limits
from app.api.state import state
from core import database_faults, groups, outbox, readiness, service_faults, web_pushes
from core.database_faults import NoRights

bp = Blueprint("health", __name__)
limits.limiter.exempt(bp)  # who watches the system asks often, and must not lose sight of it

WAITING = Gauge("toutiao_outbox_waiting", "Committed notifications that are not yet pushed")
OLDEST = Gauge("toutiao_outbox_oldest_seconds", "Seconds that the oldest of them has waited")
DEAD_LETTERS = Gauge("toutiao_outbox_dead_letters", "Dead letters: notifications that could not be pushed")

WEB_PUSH_OLDEST = Gauge("toutiao_web_push_oldest_seconds", "Seconds that the oldest web push has been due")

GROUPS_DUE = Gauge("toutiao_groups_due", "Groups of which sockets are to be told, up to 1000, now or within seconds")
GROUPS_OLDEST = Gauge("toutiao_groups_oldest_seconds", "Seconds that the oldest of them has been due")


@bp.get("/livez")
def livez() -> Response:
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def readyz() -> Response:
    """Report the state of each service. Only the database is needed: without the others, pushes wait in the outbox."""
    checks: dict[str, Callable[[], object]] = {
        "database": partial(readiness.check, state.database),
        **state.checks,
    }
    with ThreadPoolExecutor(len(checks)) as pool:
        failures = dict(zip(checks, pool.map(_failure, checks.values()), strict=True))
    if state.settings.jwt_jwks_url is not None:
        failures["token_keys"] = state.token_verifier.failure()
    lines = "".join(f"{name}: {failure or 'ok'}\n" for name, failure in failures.items())
    return Response(lines, status=503 if failures["database"] else 200, mimetype="text/plain")


@bp.get("/metrics")
def metrics() -> Response:
    waiting = oldest_seconds = dead = web_push_seconds = due = due_seconds = float("nan")
    try:
        with state.database.reading() as connection:
            waiting, oldest_seconds, dead = outbox.depth(connection)
            web_push_seconds = web_pushes.oldest_seconds(connection)
            due, due_seconds = groups.depth(connection)
    except SQLAlchemyError as error:
        if not database_faults.is_unavailable(error):
            raise
        database_faults.report(error)
    WAITING.set(waiting)
    OLDEST.set(oldest_seconds)
    DEAD_LETTERS.set(dead)
    WEB_PUSH_OLDEST.set(web_push_seconds)
    GROUPS_DUE.set(due)
    GROUPS_OLDEST.set(due_seconds)
    return Response(generate_latest() + generate_latest(state.counters), content_type=CONTENT_TYPE_LATEST)


def _failure(check: Callable[[], object]) -> str | None:
    try:
        check()
    except (*service_faults.ERRORS, service_faults.TakesNothing) as error:
        return service_faults.describe(error)
    except (SQLAlchemyError, NoRights) as error:
        return database_faults.describe(error)
    return None
