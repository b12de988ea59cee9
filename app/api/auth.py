"""Who is asking."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from app import clock_skew, tokens
from app.api.state import state

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V", bound=Callable[..., Any])


def login_required(view: Callable[P, R]) -> Callable[P, R]:
    """Answer 401 to those without a good access token; else set g.user_id."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        g.user_id = bearer(refresh=False)
        return view(*args, **kwargs)

    return note(checked, needs_token=True)


def refresh_token_required(view: Callable[P, R]) -> Callable[P, R]:
    """The same for a call whose Bearer token is a refresh token."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        g.user_id = bearer(refresh=True)
        return view(*args, **kwargs)

    return note(checked, needs_token=True)


def note(view: V, **notes: Any) -> V:
    """Keep with a view what app/api/descriptions.py says of it, beside what the decorators of flask-smorest keep."""
    view._apidoc = {**getattr(view, "_apidoc", {}), **notes}  # type: ignore[attr-defined]
    return view


def bearer(*, refresh: bool) -> int:
    """Return the user id of the Bearer token; raise Unauthorized."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise unauthorized("this call needs the header 'Authorization: Bearer <token>'")
    try:
        leeway = state.settings.jwt_leeway_seconds
        claims = tokens.verify(state.secret, token.strip(), refresh=refresh, leeway_seconds=leeway)
    except tokens.ExpiredToken:
        raise unauthorized("the token has expired") from None
    except tokens.InvalidToken:
        raise unauthorized("the token is not valid here") from None
    if claims.ahead_seconds:
        clock_skew.note(claims.ahead_seconds)
    return claims.user_id


def unauthorized(message: str) -> Unauthorized:
    return Unauthorized(message, www_authenticate=WWWAuthenticate("Bearer"))
