"""One table from what services raise to HTTP, and one shape for every error."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, UnsupportedMediaType

from app.database_faults import fault_of, report
from app.services import accounts, followings, passwords

log = logging.getLogger(__name__)

_RETRY_AFTER_SECONDS = 2

STATUS: dict[type[Exception], tuple[int, str]] = {
    followings.CannotFollowSelf: (400, "nobody follows themselves"),
    accounts.UnknownUser: (404, "there is no such user"),
    accounts.NameTaken: (409, "this name is taken"),
    accounts.WrongCredentials: (401, "the name or the password is wrong"),
    accounts.UnknownCaller: (401, "the token's user is gone"),
    passwords.TooManyAtOnce: (503, "many people are signing up or logging in, try again in a moment"),
}

NOT_JSON = "the body should be JSON, with the header Content-Type: application/json"
MESSAGES = {
    404: "there is nothing at this path",
    405: "this path does not take this method",
    413: "the body is too large: 64 KB at most",
}


def init_app(app: Flask) -> None:
    for kind, (status, message) in STATUS.items():
        app.register_error_handler(kind, _answering(status, message))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)
    app.before_request(_only_json)


def _answering(status: int, message: str) -> Callable[[Exception], tuple[Response, int, dict[str, str]]]:
    headers = {503: {"Retry-After": str(_RETRY_AFTER_SECONDS)}, 401: {"WWW-Authenticate": "Bearer"}}.get(status, {})
    return lambda _error: (jsonify(message=message), status, headers)


def _http(error: HTTPException) -> tuple[Response, int, dict[str, str]]:
    body: dict[str, Any] = {"message": _message_of(error)}
    messages = getattr(error, "data", {}).get("messages", {})
    if errors := _by_field(messages):
        body = {"message": "a field is wrong", "errors": errors}
    elif messages:
        body = {"message": "the body is not valid JSON"}
    headers = {
        name: value for name, value in error.get_headers() if name.lower() not in ("content-type", "content-length")
    }
    return jsonify(body), error.code or 500, headers


def _message_of(error: HTTPException) -> str:
    """Say what the error says of itself; where those are the library's words for browsers, ours for programs."""
    is_librarys = error.description == type(error).description
    return str(MESSAGES.get(error.code or 500, error.name) if is_librarys else error.description)


def _by_field(messages: object) -> dict[str, Any]:
    """Drop the level that names the place (json, query): callers know where they put a field."""
    if not isinstance(messages, dict):
        return {}
    return {field: errors for place in messages.values() if isinstance(place, dict) for field, errors in place.items()}


def _unexpected(error: Exception) -> tuple[Response, int, dict[str, str]]:
    if fault := fault_of(error):
        report(error)
        return _answering(503, fault.message)(error)
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return jsonify(message="something went wrong here; it has been logged"), 500, {}


def _only_json() -> None:
    has_body = request.content_length or "Transfer-Encoding" in request.headers
    if has_body and not request.is_json and request.path.startswith("/v1_0/"):
        raise UnsupportedMediaType(NOT_JSON)
