"""The connections and caches of a worker process. They are created on first use, so after Celery has forked."""

import sys
from dataclasses import dataclass
from functools import cache

from celery.signals import celeryd_init

from core import host
from core.cache import connect
from core.counters import Counters
from core.db import Database
from core.history import History
from core.redis_clock import RedisClock
from core.settings import SettingsError, WorkerSettings, load_settings
from core.signatures import create_signer
from core.storage import Storage, open_storage
from tasks.emitter import Emitter, NoEmitter, create_emitter

_REDIS_SECONDS = 2
_POOL_SIZE = 2  # connections to the database: one of the outbox's claim, one for all else
_COUNTER_SECONDS = 0.2  # the process that receives messages must wait for this


@dataclass(frozen=True, slots=True)
class Resources(Storage):
    """Where a dispatch reads and writes."""

    history: History
    emitter: Emitter


@cache
def settings() -> WorkerSettings:
    """Return this process's settings, read once."""
    return load_settings(WorkerSettings)


@celeryd_init.connect
def _check_settings(**_options: object) -> None:
    # A worker stops here, before it receives any message. Beat and Flower, which need less, do not send this signal.
    try:
        database = Database(settings().database_url, schema=settings().database_schema, pool_size=1)
        database.check()
        host.load_events(settings())
        host.load_profile_loader(settings())
        host.load_knows_loader(settings())
    except SettingsError as error:
        sys.exit(str(error))
    database.close()


@cache
def counters() -> Counters:
    """Return this process's counters."""
    return Counters(connect(settings().redis_url, timeout_seconds=_COUNTER_SECONDS), settings().keys)


@cache
def resources() -> Resources:
    """Return this process's resources."""
    config = settings()
    redis = connect(config.redis_url, timeout_seconds=_REDIS_SECONDS)
    channel = config.script_channel
    sign = create_signer(config.message_queue_keys, config.channel, RedisClock(redis).now)
    lengths = {"length": config.history_length, "seconds": config.history_seconds}
    return Resources(
        **open_storage(config, redis, pool_size=_POOL_SIZE, channel=channel),
        history=History(redis, config.keys, **lengths, channel=channel),
        emitter=NoEmitter() if channel else create_emitter(config.message_queue_url, config.channel, sign),
    )
