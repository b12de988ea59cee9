"""Finds the token of a client, and explains what is wrong when a client has none by mistake."""

from collections.abc import Mapping
from wsgiref.types import WSGIEnvironment

from core import events
from core.tokens import InvalidToken

_NOTHING = frozenset({"", "undefined", "null", "None"})  # what scripts write for a variable without a value
_MISNAMED = ("access_token", "accessToken", "jwt", "bearer", "authorization", "Authorization")

Place = Mapping[str, object]


def from_header(environ: WSGIEnvironment) -> Place:
    """Return the token of an Authorization header. Any scheme but Bearer is for a proxy that has its own password."""
    header: str = environ.get("HTTP_AUTHORIZATION", "")
    scheme, _, token = header.partition(" ")
    return {"token": token} if scheme.lower() == "bearer" else {}


def find(places: tuple[Place, ...]) -> str | None:
    """Return the first token that is not empty, without `Bearer`; raise InvalidToken when it is not a text."""
    for place in places:
        token = place.get("token")
        if token is None:
            continue
        if not isinstance(token, str):
            raise InvalidToken
        if (bare := _bare(token)) not in _NOTHING:
            return bare
    return None


def explain_absence(places: tuple[Place, ...]) -> events.Anonymous | None:
    """Return what is wrong with a client that seems to want to log in; None for any other client."""
    given = {name for place in places for name in place}
    if "token" in given:
        return {"reason": "token_empty", "message": "the token is empty, null or undefined"}
    for name in _MISNAMED:
        if name in given:
            return {"reason": "token_misnamed", "message": f"the token should be given as token, not as {name}"}
    return None


def _bare(token: str) -> str:
    scheme, _, rest = token.strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else token.strip()
