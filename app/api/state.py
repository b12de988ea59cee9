"""The settings, connections and caches of an API process."""

import logging
from dataclasses import dataclass
from typing import cast

from flask import current_app
from limits.storage import RedisStorage
from redis import Redis
from werkzeug.local import LocalProxy

from app.api.push_endpoints import EndpointCheck
from app.api.task_requests import TaskRequests
from app.services import passwords
from app.services.login_pauses import LoginPauses
from core import capabilities, dispatch_state
from core.cache import RedisError, connect
from core.db import UNAVAILABLE
from core.history import History
from core.keys import Keys
from core.push_endpoints import Endpoints
from core.revocation_mirror import RevocationMirror
from core.revocation_stream import RevocationStream
from core.service_keys import ServiceKeys
from core.sessions import Sessions
from core.settings import ApiSettings
from core.storage import Storage, open_storage
from core.token_verifier import TokenVerifier, create_verifier
from core.unread import Counts
from core.vapid import Vapid

log = logging.getLogger(__name__)

_REDIS_SECONDS = 0.2
_MOST_WAITING_FOR_KEYS = 2  # of the nine threads of a process
_POOL_SIZE = 8  # connections to the database


@dataclass(frozen=True, slots=True)
class State(Storage):
    settings: ApiSettings
    token_verifier: TokenVerifier
    redis: Redis
    history: History
    keys: Keys
    revocation_stream: RevocationStream
    revocations: RevocationMirror
    service_keys: ServiceKeys
    sessions: Sessions
    tasks: TaskRequests
    login_pauses: LoginPauses
    vapid: Vapid | None  # None: Web Push is off
    endpoint_check: EndpointCheck
    checks: dict[str, capabilities.Check]


def create_state(settings: ApiSettings) -> State:
    """Create the state from the settings. Nothing connects before it is used."""
    redis = connect(settings.redis_url, timeout_seconds=_REDIS_SECONDS)
    keys = settings.keys
    passwords.limit(at_once=settings.limit_password_hashes, most_waiting=settings.limit_waiting_passwords)
    storage = open_storage(settings, redis, pool_size=_POOL_SIZE)
    stream = RevocationStream(redis, keys)
    return State(
        **storage,
        settings=settings,
        token_verifier=create_verifier(settings, most_waiting=_MOST_WAITING_FOR_KEYS),
        redis=redis,
        history=History(redis, keys, length=settings.history_length, seconds=settings.history_seconds),
        keys=keys,
        revocation_stream=stream,
        revocations=RevocationMirror(stream, storage["database"]),
        service_keys=ServiceKeys(settings.service_keys),
        sessions=Sessions(redis, keys),
        tasks=TaskRequests(settings.broker_url, keys=keys),
        login_pauses=LoginPauses(
            RedisStorage("redis://", redis.connection_pool, keys.limits),
            per_pair=settings.limit_failed_logins,
            per_name=settings.limit_failed_logins_per_name,
            per_address=settings.limit_failed_logins_per_address,
            longest_seconds=settings.limit_login_pause_seconds,
        ),
        vapid=settings.vapid,
        endpoint_check=EndpointCheck(Endpoints(settings.web_push_private_origins)),
        checks={
            "redis": capabilities.of_cache(redis, keys),
            "broker": capabilities.of_broker(settings.broker_url, keys),
            "message_queue": capabilities.of_message_queue(settings.message_queue_url, settings.channel),
        },
    )


def unread_moment() -> int | None:
    """Return the time for a count that is read next; None if Redis is unavailable and can't store it."""
    try:
        return state.unread.moment()
    except RedisError:
        return None


def keep_unread_count(user_id: str, counts: Counts, *, read_at: int | None, create_missing: bool = False) -> None:
    """Store a count where the IM servers read it. Without a stored count, clients read the inbox."""
    if read_at is None:
        log.warning("unread count of user %s is not cached: Redis is unavailable", user_id)
        return

    def keep() -> None:
        state.unread.set({user_id: counts}, read_at=read_at, create_missing=create_missing)

    try:
        # Do not wait for another process that compares: a request needs no cache.
        dispatch_state.verified(state.database, state.epochs, keep, is_patient=False)
    except (RedisError, *UNAVAILABLE) as error:
        log.warning("unread count of user %s is not cached: %s", user_id, error)


state = cast(State, LocalProxy(lambda: current_app.extensions["toutiao"]))
