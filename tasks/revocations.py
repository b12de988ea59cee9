"""A worker keeps Redis' copy of the revocations complete: see core.revocation_sync."""

import random
import time
from dataclasses import dataclass, field
from functools import cache

from core import revocation_sync
from core.cache import connect
from core.db import Database
from core.revocation_stream import RevocationStream
from core.revocations import WAITING_AT_ONCE
from tasks.resources import settings
from tasks.timer import Timer, follow_worker

_REDIS_SECONDS = 2
_DELETE_EVERY_SECONDS = 3600


def _random_time() -> float:
    # Random, so that many processes do not delete at once.
    return time.monotonic() + random.uniform(0, _DELETE_EVERY_SECONDS)  # noqa: S311


@dataclass
class RevocationSync:
    database: Database
    stream: RevocationStream
    delete_at: float = field(default_factory=_random_time)  # a value of time.monotonic()

    def work(self) -> None:
        """Copy to Redis what it lacks. Once an hour, delete what is too old to count."""
        while revocation_sync.publish_waiting(self.database, self.stream) == WAITING_AT_ONCE:
            pass  # after Redis was unavailable there may be many, and new ones come behind them
        revocation_sync.fill_if_lost(self.database, self.stream)
        if time.monotonic() >= self.delete_at:
            self.delete_at = time.monotonic() + _DELETE_EVERY_SECONDS
            revocation_sync.delete_old(self.database, self.stream)


@cache
def _sync() -> RevocationSync:
    # Connections of its own: a dispatch waits for none of this.
    redis = connect(settings().redis_url, timeout_seconds=_REDIS_SECONDS)
    database = Database(settings().database_url, schema=settings().database_schema, pool_size=1)
    return RevocationSync(database, RevocationStream(redis, settings().keys))


timer = Timer("copying revocations to Redis", lambda: _sync().work())
follow_worker(timer)
