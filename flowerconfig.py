"""Flower's settings: it shows who does what, so it starts with a password or not at all."""

import os
import sys

from flower.views import monitor
from tornado.web import authenticated

from app.config import SettingsError, settings

try:
    _settings = settings()
except SettingsError as error:
    sys.exit(str(error))
if _settings.flower_basic_auth is None:
    sys.exit("FLOWER_BASIC_AUTH: is not set; it should hold user:password, Flower does not start without one")

address = os.environ.get("FLOWER_ADDRESS", "127.0.0.1")
port = _settings.flower_port
basic_auth = [_settings.flower_basic_auth]
max_tasks = 10_000  # Flower keeps what it saw in memory

# Of all its pages, Flower's metrics alone would ask nobody for the password.
monitor.Metrics.get = authenticated(monitor.Metrics.get)
