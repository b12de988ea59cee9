"""Wire the Flask application."""

import os
import re
from typing import Any

import orjson
from flask import Flask, Response, jsonify
from flask.json.provider import JSONProvider
from flask_cors import CORS
from flask_smorest import Api
from marshmallow import Schema, fields

from app.api import (
    accounts,
    assets,
    commands,
    compression,
    errors,
    followings,
    health,
    notifications,
    page,
    security_headers,
)
from app.api.state import create_state
from app.config import ApiSettings, SettingsError, load_settings

_LARGEST_BODY = 64 * 1024  # bytes


class _Json(JSONProvider):
    """orjson: quick, and it refuses what is not JSON (NaN, lone surrogates, endless nesting)."""

    def dumps(self, obj: Any, **_options: Any) -> str:
        return orjson.dumps(obj, option=orjson.OPT_NON_STR_KEYS).decode()

    def loads(self, s: str | bytes, **_options: Any) -> Any:
        return orjson.loads(s)


def create_app(config: Any = None, enable_config_file: bool = False) -> Flask:
    """Make the API.

    `config` is a mapping, an object or an import string, whose upper-case names stand before the environment; those of
    the Python file that TOUTIAO_SETTINGS names, if it is to be honoured, stand before both. Raise SettingsError.
    """
    app = Flask(__name__)
    app.json = _Json(app)
    _read_config(app, config, enable_config_file)
    app.extensions["toutiao"] = create_state(load_settings(ApiSettings, app.config))
    api = _Api(app, spec_kwargs=_OPENAPI)
    app.extensions["openapi"] = api.spec
    for blueprint in (accounts.bp, followings.bp, notifications.bp):
        api.register_blueprint(blueprint)
    app.register_blueprint(health.bp)
    app.register_blueprint(page.bp)
    app.register_blueprint(assets.bp)
    app.add_url_rule("/openapi.json", view_func=_openapi)
    errors.init_app(app)
    security_headers.init_app(app)
    compression.init_app(app)
    app.cli.add_command(commands.group)
    origins = _origins(app.extensions["toutiao"].settings.allowed_origins)
    CORS(app, origins=origins, max_age=600, expose_headers=["Retry-After"])
    return app


class ErrorAnswer(Schema):
    message = fields.String(required=True)
    # A field of a list has its errors by position.
    errors = fields.Dict(keys=fields.String(), metadata={"description": "what is wrong, by field"})


class _Api(Api):
    ERROR_SCHEMA = ErrorAnswer


_OPENAPI = {
    "title": "Toutiao push",
    "version": "v1_0",
    "openapi_version": "3.1.0",
    "servers": [{"url": "/"}],
    "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}},
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


def _origins(allowed: list[str]) -> list[str | re.Pattern[str]]:
    """Return what flask-cors takes for these: of itself it reads the brackets of an IPv6 address as a pattern."""
    return [o if o == "*" else re.compile(re.escape(o) + r"\Z", re.IGNORECASE) for o in allowed]


def _openapi() -> Response:
    from flask import current_app

    return jsonify(current_app.extensions["openapi"].to_dict())
