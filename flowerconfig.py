"""Flower's settings: it shows who does what, so it starts with a password or not at all."""

import sys

from flower.views import monitor
from tornado.web import authenticated

from app.config import FlowerSettings, SettingsError, load_settings

try:
    _settings = load_settings(FlowerSettings)
except SettingsError as error:
    sys.exit(str(error))

address = _settings.flower_address
port = _settings.flower_port
basic_auth = [_settings.flower_basic_auth.get_secret_value()]
max_tasks = 10_000  # Flower keeps what it saw in memory

# Of all its pages, Flower's metrics alone would ask nobody for the password.
monitor.Metrics.get = authenticated(monitor.Metrics.get)
