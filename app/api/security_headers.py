"""Adds headers to every answer: browsers must not guess its type, show it in a frame, keep it, or tell its address."""

from flask import Flask, Response, request

# An answer for programs loads nothing. A page sets its own policy.
_FOR_PROGRAMS = "default-src 'none'; frame-ancestors 'none'"
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": _FOR_PROGRAMS,
    "Cache-Control": "no-store",  # it may contain a token or data of one user
}
# For a year, browsers use https alone. They ignore it in an answer over http.
_OVER_HTTPS = "max-age=31536000"


def init_app(app: Flask) -> None:
    app.after_request(_add)


def _add(response: Response) -> Response:
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", _OVER_HTTPS)
    return response
