"""What the API holds for as long as its process lives."""

import logging
from dataclasses import dataclass
from typing import cast

from flask import current_app
from redis import Redis
from werkzeug.local import LocalProxy

from app import capabilities, events
from app.api.requests import TaskRequests
from app.cache import RedisError, connect
from app.config import ApiSettings
from app.counters import Counters
from app.db import UNAVAILABLE, Database
from app.epochs import Epochs
from app.profiles import Profile, UserProfileCache
from app.services import accounts, dispatch_state
from app.unread import UnreadCache

log = logging.getLogger(__name__)

_REDIS_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class State:
    settings: ApiSettings
    secret: str
    database: Database
    redis: Redis
    profiles: UserProfileCache
    unread: UnreadCache
    counters: Counters
    tasks: TaskRequests
    checks: dict[str, capabilities.Check]


def create_state(settings: ApiSettings) -> State:
    """Make what the settings ask for; nothing connects before it is used."""
    database = Database(settings.database_url)
    redis = connect(settings.redis_url, timeout_seconds=_REDIS_SECONDS)

    def load(user_ids: list[int]) -> dict[int, Profile]:
        with database.reading() as connection:
            return accounts.load_profiles(connection, user_ids)

    return State(
        settings=settings,
        secret=settings.jwt_secret.get_secret_value(),
        database=database,
        redis=redis,
        profiles=UserProfileCache(redis, load),
        unread=UnreadCache(redis),
        counters=Counters(redis),
        tasks=TaskRequests(settings.broker_url),
        checks={
            "redis": capabilities.of_cache(redis),
            "broker": capabilities.of_broker(settings.broker_url),
            "message_queue": capabilities.of_message_queue(settings.message_queue_url, events.CHANNEL),
        },
    )


def unread_moment() -> int | None:
    """Return the moment of a count that is about to be read, None where it could not be kept anyway."""
    try:
        return state.unread.moment()
    except RedisError:
        return None


def keep_unread_count(user_id: int, count: int, *, read_at: int | None, is_first: bool = False) -> None:
    """Keep a count where the IM servers find it; without a cache they have clients read the inbox."""
    if read_at is None:
        log.warning("unread count of user %d is not cached: Redis is away", user_id)
        return

    def keep() -> None:
        state.unread.set({user_id: count}, read_at=read_at, is_first=is_first)

    try:
        # A request waits for no other that compares: it can do without the cache.
        dispatch_state.verified(state.database, Epochs(state.redis), keep, is_patient=False)
    except (RedisError, *UNAVAILABLE) as error:
        log.warning("unread count of user %d is not cached: %s", user_id, error)


state = cast(State, LocalProxy(lambda: current_app.extensions["toutiao"]))
