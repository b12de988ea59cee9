"""Flower's settings, and patches of Flower. It shows what all users do, so it starts only with a password."""

import hmac
import os
import signal
import sys
from base64 import b64encode
from collections.abc import Callable
from typing import Any, NoReturn

import flower.command
from flower.api import BaseApiHandler
from flower.views import BaseHandler
from flower.views.monitor import Healthcheck
from tornado.web import HTTPError, StaticFileHandler

from core.settings import FlowerSettings, SettingsError, load_settings

try:
    _settings = load_settings(FlowerSettings)
except SettingsError as error:
    sys.exit(str(error))

_login = _settings.flower_basic_auth.get_secret_value()

address = _settings.flower_address
port = _settings.flower_port
basic_auth = [_login]
max_tasks = 10_000  # Flower keeps them in memory


def _check_login(self: Any) -> bool:
    # Flower's own check answers 500 if one of the two passwords is not ASCII.
    expected = b"Basic " + b64encode(_login.encode())
    if not hmac.compare_digest(self.request.headers.get("Authorization", "").encode(), expected):
        raise HTTPError(401)
    return True


def _require_login(self: Any) -> None:
    # Flower requires the login on most pages, but not for its metrics. Its health check only answers OK.
    if not isinstance(self, Healthcheck):
        _ = self.current_user


def _end(*_about: object) -> NoReturn:
    # Flower has no state to save. Its own handler raises SystemExit at any point of the main thread. If that happens
    # while a thread of its executor starts, nothing stops this thread, and Flower waits for it for ever.
    os._exit(0)


def _unframed(set_default_headers: Callable[[Any], None]) -> Callable[[Any], None]:
    """Forbid frames and guessed types in every answer: a click into a hidden frame could stop a worker."""

    def set_headers(self: Any) -> None:
        set_default_headers(self)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("X-Frame-Options", "DENY")

    return set_headers


BaseHandler.get_current_user = _check_login
BaseHandler.prepare = BaseApiHandler.prepare = _require_login
for _handler in (BaseHandler, StaticFileHandler):
    _handler.set_default_headers = _unframed(_handler.set_default_headers)
flower.command.sigterm_handler = _end  # Flower installs this handler after it has read this file
signal.signal(signal.SIGINT, _end)
