"""The API for WSGI servers."""

import gc

gc.disable()  # the imports make many objects that live as long as the process, and hardly any garbage

import logging
import sys

from app.factory import create_app
from core import capabilities, log
from core.settings import SettingsError

log.set_up()
try:
    app = create_app(enable_config_file=True)
    app.extensions["toutiao"].database.check()
except SettingsError as error:
    sys.exit(str(error))
capabilities.report(app.extensions["toutiao"].checks["redis"], logging.getLogger(__name__))
gc.freeze()  # the collector can skip these objects
gc.enable()
