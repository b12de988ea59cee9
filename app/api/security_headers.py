"""Headers that every answer has, whoever makes it: browsers are told not to guess, frame or pass on what they get."""

from flask import Flask, Response

# An answer for programs shows nothing; pages say for themselves what they may load.
_FOR_PROGRAMS = "default-src 'none'; frame-ancestors 'none'"
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def init_app(app: Flask) -> None:
    app.after_request(_add)


def _add(response: Response) -> Response:
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", _FOR_PROGRAMS)
    if response.is_json:
        response.headers.setdefault("Cache-Control", "no-store")  # it holds what is one user's, tokens among it
    return response
