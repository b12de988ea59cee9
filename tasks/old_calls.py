"""A worker deletes the answers to calls of services that are kept no longer."""

from functools import cache

from core import idempotent_calls
from core.db import Database
from tasks.resources import settings
from tasks.timer import Timer, follow_worker

_PAUSE_SECONDS = (1800.0, 5400.0)


@cache
def _database() -> Database:
    # A connection of its own: a dispatch does not wait for this.
    return Database(settings().database_url, schema=settings().database_schema, pool_size=1)


timer = Timer(
    "deleting old answers to calls", lambda: idempotent_calls.delete_old(_database()), pause_seconds=_PAUSE_SECONDS
)
follow_worker(timer)
