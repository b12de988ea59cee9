"""The inbox as a blueprint of a Flask app: its own log-in says who asks, and the server's API answers."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from toutiao_push.inbox_api import Answer, InboxApi
from toutiao_push.user_ids import UserId

_PAGE_PARAMETERS = ("state", "category", "group", "groups", "limit", "before")
_LONGEST_LANGUAGES = 200  # characters of Accept-Language
_LARGEST_BODY = 256 * 1024  # bytes
_LOGGED_OUT = Answer(401, {"message": "log in first"})


def create_blueprint(
    mint_token: Callable[[UserId], str], current_user_id: Callable[[], UserId | None], *, url_prefix: str, name: str
) -> Blueprint:
    """Return a blueprint with the paths that the bell calls."""
    blueprint = Blueprint(name, __name__, url_prefix=url_prefix)

    @blueprint.get("/token")
    def token() -> Response:
        user_id = current_user_id()
        return _respond(_LOGGED_OUT if user_id is None else Answer(200, {"token": mint_token(user_id)}))

    @blueprint.get("/user/notifications")
    def page() -> Response:
        return _for_current_user(lambda api, signed: api.page(signed, _query()))

    @blueprint.get("/user/notifications/counts")
    def count() -> Response:
        return _for_current_user(lambda api, signed: api.count(signed, _query()))

    @blueprint.post("/user/notifications/read")
    def mark_read() -> Response:
        return _change(InboxApi.mark_read)

    @blueprint.post("/user/notifications/state")
    def mark() -> Response:
        return _change(InboxApi.mark)

    # A form of another site can send neither PUT nor DELETE.
    @blueprint.put("/user/preferences/muted/<path:user_id>")
    def mute(user_id: str) -> Response:
        return _for_current_user(lambda api, signed: api.mute(signed, user_id))

    @blueprint.delete("/user/preferences/muted/<path:user_id>")
    def unmute(user_id: str) -> Response:
        return _for_current_user(lambda api, signed: api.unmute(signed, user_id))

    def _change(call: Callable[[InboxApi, str, object], Answer]) -> Response:
        if not request.is_json:  # what a form of another site can't send
            return _respond(Answer(415, {"message": "should be JSON"}))
        if (request.content_length or 0) > _LARGEST_BODY:
            return _respond(Answer(413, {"message": f"should have {_LARGEST_BODY} bytes at most"}))
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            return _respond(Answer(400, {"message": "should be a JSON object"}))
        return _for_current_user(lambda api, signed: call(api, signed, body))

    def _for_current_user(call: Callable[[InboxApi, str], Answer]) -> Response:
        user_id = current_user_id()
        if user_id is None:
            return _respond(_LOGGED_OUT)
        languages = request.headers.get("Accept-Language", "")[:_LONGEST_LANGUAGES]
        api = InboxApi(current_app.config["TOUTIAO_PUSH_API_URL"], languages=languages)
        return _respond(call(api, mint_token(user_id)))

    return blueprint


def _query() -> dict[str, str]:
    return {name: request.args[name] for name in _PAGE_PARAMETERS if name in request.args}


def _respond(answer: Answer) -> Response:
    response: Any = Response() if answer.body is None else jsonify(answer.body)
    response.status_code = answer.status
    response.headers["Cache-Control"] = "no-store"
    if answer.retry_after is not None:
        response.headers["Retry-After"] = answer.retry_after
    return response  # type: ignore[no-any-return]
