"""Which pages of other origins may call: those that CORS_ORIGINS lists."""

import re

from flask import Flask, request
from flask_cors import CORS
from werkzeug.exceptions import Forbidden

from core.origins import AllowedOrigins

_EXPOSED = ["Retry-After"]
_PREFLIGHT_SECONDS = 600
FORBIDDEN = "pages of this origin may not call: CORS_ORIGINS does not list it"


def init_app(app: Flask, allowed: list[str]) -> None:
    CORS(app, origins=_patterns(allowed), max_age=_PREFLIGHT_SECONDS, expose_headers=_EXPOSED)
    origins = AllowedOrigins(allowed)

    def refuse_others() -> None:
        # CORS only keeps an answer from a page. So that the call has no effect either, it is refused. Clients that are
        # not browsers send no Origin. "null", which a sandboxed frame or a local file sends, is no origin.
        origin = request.headers.get("Origin")
        is_call = request.path.startswith("/v1_0/")
        if is_call and origin and not origins.allows(origin, host=request.host):
            raise Forbidden(FORBIDDEN)

    app.before_request(refuse_others)


def _patterns(allowed: list[str]) -> list[str | re.Pattern[str]]:
    """Return the origins as flask-cors needs them: it would read the brackets of an IPv6 address as a pattern."""
    return [o if o == "*" else re.compile(re.escape(o) + r"\Z", re.IGNORECASE) for o in allowed]
