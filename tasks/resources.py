"""What a worker process holds: made on first use, so after Celery has forked."""

import sys
from dataclasses import dataclass
from functools import cache

from celery.signals import celeryd_init

from app import events, push
from app.cache import connect
from app.config import SettingsError, WorkerSettings, load_settings
from app.counters import Counters
from app.db import Database
from app.epochs import Epochs
from app.history import History
from app.profiles import Profile, UserProfileCache
from app.services import accounts
from app.unread import UnreadCache

_REDIS_SECONDS = 2
_COUNTER_SECONDS = 0.2  # the process that takes messages takes no other meanwhile


@dataclass(frozen=True, slots=True)
class Resources:
    """Where a dispatch reads and writes. `emitter` is None where the histories' own script publishes."""

    database: Database
    profiles: UserProfileCache
    epochs: Epochs
    history: History
    unread: UnreadCache
    emitter: push.Emitter | None


@cache
def settings() -> WorkerSettings:
    """Return this process's settings, read once."""
    return load_settings(WorkerSettings)


@celeryd_init.connect
def _check_settings(**_options: object) -> None:
    # A worker stops here, before it takes anything. Beat and Flower, which need less, don't come by.
    try:
        database = Database(settings().database_url, pool_size=1)
        database.check()
    except SettingsError as error:
        sys.exit(str(error))
    database.close()


@cache
def counters() -> Counters:
    """Return this process's counters."""
    return Counters(connect(settings().redis_url, timeout_seconds=_COUNTER_SECONDS))


@cache
def resources() -> Resources:
    """Return this process's resources."""
    config = settings()
    database = Database(config.database_url, pool_size=2)
    redis = connect(config.redis_url, timeout_seconds=_REDIS_SECONDS)

    def load(user_ids: list[int]) -> dict[int, Profile]:
        with database.reading() as connection:
            return accounts.load_profiles(connection, user_ids)

    channel = events.CHANNEL if config.is_one_redis else ""
    return Resources(
        database=database,
        profiles=UserProfileCache(redis, load),
        epochs=Epochs(redis),
        history=History(redis, length=config.history_length, seconds=config.history_seconds, channel=channel),
        unread=UnreadCache(redis, channel=channel),
        emitter=None if config.is_one_redis else push.create_emitter(config.message_queue_url),
    )
