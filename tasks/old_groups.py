"""A worker deletes groups that are closed by their age."""

from functools import cache

from core import groups
from core.db import Database
from tasks.resources import settings
from tasks.timer import Timer, follow_worker

_PAUSE_SECONDS = (1800.0, 5400.0)


@cache
def _database() -> Database:
    # A connection of its own: a dispatch does not wait for this.
    return Database(settings().database_url, schema=settings().database_schema, pool_size=1)


def _delete() -> None:
    groups.delete_old(_database(), window_seconds=settings().group_window_seconds)


timer = Timer("deleting old groups", _delete, pause_seconds=_PAUSE_SECONDS)
follow_worker(timer)
