"""Which token a client gives, in whichever place it can, and what is wrong where it gives none but meant to."""

from collections.abc import Mapping
from typing import Any

from app import events
from app.tokens import InvalidToken

_NOTHING = frozenset({"", "undefined", "null", "None"})  # what scripts make of a variable without a value
_MISNAMED = ("access_token", "accessToken", "jwt", "bearer", "authorization", "Authorization")

Place = Mapping[str, object]


def from_header(environ: Mapping[str, Any]) -> Place:
    """Return what an Authorization header says. That of a proxy with a password of its own is none of ours."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return {"token": token} if scheme.lower() == "bearer" else {}


def find(places: tuple[Place, ...]) -> str | None:
    """Return the first token that holds anything, without `Bearer`; raise InvalidToken where it is not a text."""
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
    """Say what was wrong with a client that seems to have meant to log in; None for one that did not."""
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
