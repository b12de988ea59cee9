"""Maps each error that a service raises to a status, and gives all errors the same JSON form."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, UnsupportedMediaType

from app.api.push_endpoints import WebPushOff
from app.services import accounts, articles, authorizations, credentials, followings, sessions
from app.services.admission import TooManyAtOnce
from app.services.login_pauses import TooManyFailures
from core import idempotent_calls, outbox
from core.cache import RedisError
from core.database_faults import fault_of, report
from core.preferences import InvalidPreferences
from core.provider_keys import KeysUnknown

log = logging.getLogger(__name__)

_RETRY_AFTER_SECONDS = 2
_SCHEMA = "_schema"  # where marshmallow has the errors of a whole object

STATUS: dict[type[Exception], tuple[int, str]] = {
    followings.CannotFollowSelf: (400, "you can't follow yourself"),
    articles.TooFar: (400, "pages end at 10,000 rows: give before, an id"),
    articles.UnknownArticle: (404, "there is no such article"),
    accounts.UnknownUser: (404, "there is no such user"),
    outbox.UnknownNotification: (404, "there is no such notification"),
    sessions.UnknownSession: (404, "you have no open socket with this id"),
    WebPushOff: (404, "Web Push is off here"),
    accounts.NameTaken: (409, "this name is taken"),
    credentials.WrongCredentials: (401, "the name or the password is wrong"),
    authorizations.TokenRevoked: (401, "the token is revoked"),
    accounts.UnknownCaller: (401, "the user of this token does not exist"),
    TooManyFailures: (429, "too many log-ins have failed, try again later"),
    TooManyAtOnce: (503, "many people are signing up or logging in, try again in a moment"),
    KeysUnknown: (503, "the keys that tokens are signed with are unknown now, try again in a moment"),
    idempotent_calls.StillRunning: (409, "a call with this Idempotency-Key is still running"),
    idempotent_calls.OtherBody: (422, "this Idempotency-Key was used for a call with another body"),
    InvalidPreferences: (422, "a field is wrong"),
    RedisError: (503, "this is unavailable now, try again in a moment"),
}

NOT_JSON = "the body should be JSON, with the header Content-Type: application/json"
MESSAGES = {
    404: "there is nothing at this path",
    405: "this path does not support this method",
    413: "the body is too large",
}


def init_app(app: Flask) -> None:
    for kind, (status, message) in STATUS.items():
        app.register_error_handler(kind, _answering(status, message))
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(Exception, _unexpected)
    app.before_request(_only_json)


def _answering(status: int, message: str) -> Callable[[Exception], tuple[Response, int, dict[str, str]]]:
    def answer(error: Exception) -> tuple[Response, int, dict[str, str]]:
        retry_after_seconds = getattr(error, "retry_after_seconds", _RETRY_AFTER_SECONDS)
        headers = {401: {"WWW-Authenticate": "Bearer"}}.get(status, {})
        if status in (429, 503):
            headers = {"Retry-After": str(retry_after_seconds)}
        fields = getattr(error, "fields", None)
        return jsonify({"message": message, **({"errors": fields} if fields else {})}), status, headers

    return answer


def answer_http(error: HTTPException) -> tuple[Response, int, dict[str, str]]:
    """Answer an error of HTTP in our form, with the headers of the error."""
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
    """Return the error's own message, or ours where it has the library's default text for browsers."""
    is_librarys = error.description == type(error).description
    return str(MESSAGES.get(error.code or 500, error.name) if is_librarys else error.description)


def _by_field(messages: object) -> dict[str, Any]:
    """Remove the level that names the place (json, query): a caller knows where it put a field."""
    if not isinstance(messages, dict):
        return {}
    places = [place for place in messages.values() if isinstance(place, dict)]
    found = {field: _without_schema(errors) for place in places for field, errors in place.items()}
    return {"body" if field == _SCHEMA else field: errors for field, errors in found.items()}


def _without_schema(errors: Any) -> Any:
    """Put what is wrong with an object as a whole under its own name, and not under `_schema` in it."""
    if not isinstance(errors, dict):
        return errors
    return errors.get(_SCHEMA) or {field: _without_schema(its) for field, its in errors.items()}


def _unexpected(error: Exception) -> tuple[Response, int, dict[str, str]]:
    if fault := fault_of(error):
        report(error)
        return _answering(503, fault.message)(error)
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return jsonify(message="an internal error happened; the server has logged it"), 500, {}


def _only_json() -> None:
    has_body = request.content_length or "Transfer-Encoding" in request.headers
    if has_body and not request.is_json and request.path.startswith("/v1_0/"):
        raise UnsupportedMediaType(NOT_JSON)
