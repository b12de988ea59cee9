"""How often a client may call: for each address, each user and each service.

The counts are in Redis, for all API processes together: see call_counts.py. While Redis is unavailable, each process
counts by itself.
"""

import logging
import time
from collections.abc import Callable

from flask import Flask, Response, g, request
from flask_limiter import ApplicationLimit, Limiter, RateLimitExceeded, RequestLimit
from prometheus_client import Counter
from redis import Redis

from app.api import errors
from app.api.call_counts import CallCounts
from app.api.state import state
from core.addresses import block_of, is_internal
from core.cache import RedisError
from core.keys import Keys

LIMITED = Counter("toutiao_rate_limited_total", "Calls that were refused because of a limit", ["reason"])

MESSAGES = {
    "address": "too many calls come from your address, try again later",
    "user": "you call too often, try again later",
    "service": "your service calls too often, try again later",
    "sign_ups": "too many people sign up from your address, try again later",
    "follows": "you follow or unfollow too often, try again later",
    "articles": "you publish, like or comment too often, try again later",
}
for _reason in MESSAGES:  # rate() does not count the event that creates a series
    LIMITED.labels(_reason)


def _rate(setting: str, period: str) -> Callable[[], str]:
    return lambda: f"{getattr(state.settings, setting)} per {period}"


def address() -> str:
    """Return what counts as one client: the address, or the network of an IPv6 address."""
    return block_of(request.remote_addr or "")


def _is_internal() -> bool:
    """Say whether the caller is inside: perhaps a proxy that is not in TRUSTED_PROXIES, with all clients behind it."""
    caller = request.remote_addr  # of a Unix socket, there is none
    return not caller or is_internal(caller) or state.settings.proxies.trusts(caller)


def _user() -> str:
    return str(g.user_id)


def _service() -> str:
    return str(g.service)


def _count(limit: RequestLimit) -> None:
    LIMITED.labels(limit.request_args[-1]).inc()


limiter = Limiter(
    address,
    application_limits=[
        ApplicationLimit(
            limit_provider=_rate("limit_calls_per_address", "minute"),
            scope="address",
            exempt_when=_is_internal,
            error_message=MESSAGES["address"],
        )
    ],
    in_memory_fallback_enabled=True,
    # Of calls that find Redis unavailable at the same moment, one counts in memory, and the library fails the others.
    swallow_errors=True,
    on_breach=_count,
)

# Decorators of views.
of_sign_ups = limiter.shared_limit(
    _rate("limit_sign_ups_per_address", "hour"),
    scope="sign_ups",
    exempt_when=_is_internal,
    error_message=MESSAGES["sign_ups"],
)
# These three follow the check of the token or key.
of_user = limiter.shared_limit(
    _rate("limit_calls_per_user", "minute"), scope="user", key_func=_user, error_message=MESSAGES["user"]
)
of_service = limiter.shared_limit(
    _rate("limit_calls_per_service", "minute"), scope="service", key_func=_service, error_message=MESSAGES["service"]
)
of_follows = limiter.shared_limit(
    _rate("limit_follows_per_user", "hour"), scope="follows", key_func=_user, error_message=MESSAGES["follows"]
)

of_articles = limiter.shared_limit(
    _rate("limit_articles_per_user", "hour"), scope="articles", key_func=_user, error_message=MESSAGES["articles"]
)


def init_app(app: Flask, redis: Redis, keys: Keys) -> None:
    """Count all calls of an app. The connections to Redis are shared: they never wait for longer than others do."""
    # Which kind of storage; the address is that of the connections.
    app.config["RATELIMIT_STORAGE_URI"] = f"{CallCounts.STORAGE_SCHEME[0]}://"
    app.config["RATELIMIT_STORAGE_OPTIONS"] = {"connection_pool": redis.connection_pool, "key_prefix": keys.limits}
    limiter.init_app(app)
    limiter.logger.setLevel(logging.WARNING)  # otherwise it has a line for each refused call
    app.register_error_handler(RateLimitExceeded, _answer)


def _answer(error: RateLimitExceeded) -> tuple[Response, int, dict[str, str]]:
    error.retry_after = _retry_after_seconds(error)
    return errors.answer_http(error)


def _retry_after_seconds(error: RateLimitExceeded) -> int:
    limit = limiter.current_limit
    try:
        return max(1, int(limit.reset_at - time.time())) if limit else 1
    except RedisError:
        return error.limit.limit.get_expiry()
