"""Creates the Flask application."""

import os
from typing import Any

import orjson
from flask import Flask, Response, jsonify
from flask.json.provider import JSONProvider
from flask_smorest import Api
from marshmallow import Schema, fields

from app.api import (
    accounts,
    articles,
    auth,
    authorizations,
    bodies,
    commands,
    compression,
    credentials,
    cross_origin,
    errors,
    event_commands,
    followings,
    health,
    inbox_marks,
    limits,
    moderation,
    notifications,
    preferences,
    proxies,
    push_subscriptions,
    security_headers,
    sessions,
    stranger_requests,
    token_commands,
)
from app.api.state import create_state
from app.web import assets, offline, page, push_worker
from core.settings import ApiSettings, SettingsError, load_settings

_LARGEST_BODY = 64 * 1024  # bytes


class _Json(JSONProvider):
    """orjson is fast, and it refuses what is not JSON: NaN, lone surrogates, unlimited nesting."""

    def dumps(self, obj: Any, **_options: Any) -> str:
        return orjson.dumps(obj, option=orjson.OPT_NON_STR_KEYS).decode()

    def loads(self, s: str | bytes, **_options: Any) -> Any:
        return orjson.loads(s)


def create_app(config: Any = None, enable_config_file: bool = False) -> Flask:
    """Create the API.

    `config` is a mapping, an object or an import string. Its upper-case names override the environment. With
    `enable_config_file`, the Python file that TOUTIAO_SETTINGS names overrides both. Raise SettingsError.
    """
    app = Flask(__name__, static_folder="web/static", static_url_path="/static", template_folder="web/templates")
    app.json = _Json(app)
    _read_config(app, config, enable_config_file)
    state = app.extensions["toutiao"] = create_state(load_settings(ApiSettings, app.config))
    proxies.init_app(app, state.settings.proxies)
    api = _Api(app, spec_kwargs=_OPENAPI)
    app.extensions["openapi"] = api.spec
    modules = (
        authorizations,
        accounts,
        credentials,
        sessions,
        followings,
        articles,
        inbox_marks,  # with the views of app/api/inbox.py, in the same blueprint
        stranger_requests,
        preferences,
        notifications,
        push_subscriptions,
        moderation,
    )
    for module in modules:
        api.register_blueprint(module.bp)
    app.register_blueprint(health.bp)
    app.register_blueprint(page.bp)
    app.register_blueprint(assets.bp)
    app.register_blueprint(push_worker.bp)
    app.register_blueprint(offline.bp)
    app.add_url_rule("/openapi.json", view_func=_openapi)
    limits.init_app(app, state.redis, state.keys)
    bodies.init_app(app, at_once=state.settings.limit_bodies)
    cross_origin.init_app(app, state.settings.allowed_origins)
    errors.init_app(app)
    security_headers.init_app(app)
    compression.init_app(app)
    groups = (token_commands.service_key_group, token_commands.tokens_group, token_commands.vapid_key_group)
    for group in (commands.group, event_commands.group, *groups):
        app.cli.add_command(group)
    return app


class ErrorAnswer(Schema):
    message = fields.String(required=True)
    # The errors of a list field are by position.
    errors = fields.Dict(keys=fields.String(), metadata={"description": "what is wrong, by field"})


class _Api(Api):
    ERROR_SCHEMA = ErrorAnswer


_OPENAPI = {
    "title": "Toutiao push",
    "version": "v1_0",
    "openapi_version": "3.1.0",
    "servers": [{"url": "/"}],
    "components": {"securitySchemes": auth.SCHEMES},
}


def _read_config(app: Flask, config: Any, enable_config_file: bool) -> None:
    app.config.update(
        MAX_CONTENT_LENGTH=_LARGEST_BODY, API_TITLE="Toutiao push", API_VERSION="v1_0", OPENAPI_VERSION="3.1.0"
    )
    if isinstance(config, dict):
        app.config.update(config)
    elif config is not None:
        app.config.from_object(config)
    if enable_config_file and (file := os.environ.get("TOUTIAO_SETTINGS")):
        try:
            app.config.from_pyfile(os.path.abspath(file))
        except OSError as error:
            raise SettingsError(f"TOUTIAO_SETTINGS: {file} can't be read: {error.strerror}") from None
        except Exception as error:
            raise SettingsError(f"TOUTIAO_SETTINGS: {file} should be a Python file that runs: {error!r}") from error


def _openapi() -> Response:
    from flask import current_app

    return jsonify(current_app.extensions["openapi"].to_dict())
