"""The cookie with the refresh token of a page: no script can read it, and only the calls of one path get it.

A browser sends a cookie by itself, so each use checks which page has sent the request. SameSite=Strict keeps other
sites out; the check also keeps out pages on other hosts of the same site.
"""

from flask import request
from werkzeug.exceptions import Forbidden
from werkzeug.http import dump_cookie

from app.api.state import state
from core import tokens

NAME = "refresh_token"
_PATH = "/v1_0/authorizations"


def is_given() -> bool:
    return NAME in request.cookies


def is_used() -> bool:
    """Say whether a call that takes a refresh token takes it from the cookie: the header goes before."""
    return is_given() and "Authorization" not in request.headers


def read() -> str:
    """Return the token; raise Forbidden if the page of another origin has sent the request."""
    origin = request.headers.get("Origin")
    if origin is None:  # no browser, or one that names the page's site in another header
        is_own = request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
    else:
        is_own = state.settings.origins.may_use_cookies(origin, host=request.host)
    if not is_own:
        raise Forbidden("the cookie is only for pages of this site")
    return request.cookies[NAME]


def keeping(token: str) -> dict[str, str]:
    """Return the headers that make a browser keep the token."""
    return _headers(token, tokens.REFRESH_SECONDS)


def removing() -> dict[str, str]:
    """Return the headers that make a browser forget it."""
    return _headers("", 0)


def _headers(value: str, max_age: int) -> dict[str, str]:
    cookie = dump_cookie(
        NAME, value, max_age=max_age, path=_PATH, secure=request.is_secure, httponly=True, samesite="Strict"
    )
    return {"Set-Cookie": cookie}
