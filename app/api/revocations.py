"""Makes what a request has revoked known to all processes, after the commit."""

import logging

from sqlalchemy.exc import SQLAlchemyError

from app.api.state import state
from core import revocation_sync
from core.cache import RedisError
from core.failpoints import failpoint
from core.revoked_tokens import Revocation

log = logging.getLogger(__name__)


def publish(revocation: Revocation) -> None:
    """Make it known to this process at once, and to all others through Redis. It never raises.

    While Redis is unavailable, the other API processes read the database, and a worker publishes it later.
    """
    state.revocations.add(revocation)
    failpoint("after revocation", state.settings)
    try:
        revocation_sync.publish_waiting(state.database, state.revocation_stream)
    except (RedisError, SQLAlchemyError) as error:  # it is committed, so the caller needs no error
        log.warning("a revocation is not in Redis yet, a worker will publish it: %s", error)
