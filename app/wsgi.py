"""The API for WSGI servers."""

import sys

from app import log
from app.config import SettingsError
from app.factory import create_app

log.set_up()
try:
    app = create_app(enable_config_file=True)
    app.extensions["toutiao"].database.check()
except SettingsError as error:
    sys.exit(str(error))
