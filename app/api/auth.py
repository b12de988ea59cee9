"""Who is calling: checks the token of a user, or the key of another service."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from app.api import cookies, limits
from app.api.state import state
from app.services import accounts
from core import clock_skew, tokens
from core.tokens import Claims

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V", bound=Callable[..., Any])

# For the OpenAPI document.
SCHEMES = {
    "access_token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "refresh_token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "refresh_cookie": {"type": "apiKey", "in": "cookie", "name": cookies.NAME},
    "service_key": {"type": "http", "scheme": "bearer", "description": "a key of another service"},
}


def login_required(view: Callable[P, R]) -> Callable[P, R]:
    """Answer 401 without a valid access token; otherwise set g.user_id and g.claims."""
    return _as_user(view, _access_claims, "access_token")


def refresh_token_required(view: Callable[P, R]) -> Callable[P, R]:
    """Do the same for a call that takes a refresh token, as Bearer or in the cookie."""
    return _as_user(view, _refresh_claims, "refresh_token", "refresh_cookie")


def any_token_required(view: Callable[P, R]) -> Callable[P, R]:
    """Do the same for a call that takes an access token and, where it is missing or has ended, the cookie."""
    return _as_user(view, _any_claims, "access_token", "refresh_cookie")


def service_key_required(view: Callable[P, R]) -> Callable[P, R]:
    """Answer 401 without the key of a service, 403 for the token of a user; otherwise set g.service."""

    limited = limits.of_service(view)

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        g.service = state.service_keys.name_of(_bearer())
        if g.service is None:
            _access_claims()
            raise Forbidden("this call is for other services, which have a key")
        return limited(*args, **kwargs)

    return note(checked, schemes=("service_key",))


def own_tokens_required(view: Callable[P, R]) -> Callable[P, R]:
    """Answer 403 where the login of a host gives the tokens, and not this API."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if not state.settings.has_own_tokens:
            raise Forbidden("this API gives no tokens here: log in to the app that it belongs to")
        return view(*args, **kwargs)

    return checked


def caller_account() -> int:
    """Return the id of the caller's account; raise UnknownCaller where the token is of a user who can't have one."""
    account_id = accounts.id_of(g.user_id)
    if account_id is None:
        raise accounts.UnknownCaller
    return account_id


def note(view: V, **notes: Any) -> V:
    """Add facts about a view for app/api/descriptions.py, where the decorators of flask-smorest store theirs."""
    view._apidoc = {**getattr(view, "_apidoc", {}), **notes}  # type: ignore[attr-defined]
    return view


def unauthorized(message: str) -> Unauthorized:
    return Unauthorized(message, www_authenticate=WWWAuthenticate("Bearer"))


def _as_user(view: Callable[P, R], claims: Callable[[], Claims], *schemes: str) -> Callable[P, R]:
    limited = limits.of_user(view)

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        g.claims = claims()
        g.user_id = g.claims.user_id
        return limited(*args, **kwargs)

    return note(checked, schemes=schemes)


def _access_claims() -> Claims:
    return _verified(_bearer(), refresh=False)


def _refresh_claims() -> Claims:
    return _verified(cookies.read() if cookies.is_used() else _bearer(), refresh=True)


def _any_claims() -> Claims:
    try:
        return _access_claims()
    except Unauthorized:
        if not cookies.is_given():
            raise
    return _verified(cookies.read(), refresh=True)


def _bearer() -> str:
    """Return what the header Authorization carries; raise Unauthorized."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise unauthorized("this call needs the header 'Authorization: Bearer <token>'")
    return token.strip()


def _verified(token: str, *, refresh: bool) -> Claims:
    """Return the claims of a token; raise Unauthorized, KeysUnknown, or one of core.db.UNAVAILABLE."""
    try:
        claims = state.token_verifier.verify(token, refresh=refresh)
    except tokens.ExpiredToken:
        raise unauthorized("the token has expired") from None
    except tokens.InvalidToken:
        raise unauthorized("the token is invalid") from None
    if claims.ahead_seconds:
        clock_skew.note(claims.ahead_seconds)
    if state.revocations.is_revoked(claims):
        raise unauthorized("the token is revoked")
    return claims
