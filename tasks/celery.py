"""The Celery application; `celery -A tasks` finds it."""

import sys

from celery import Celery

from app.config import SettingsError, settings

try:
    settings()
except SettingsError as error:
    sys.exit(str(error))

celery_app = app = Celery("toutiao", config_source="celeryconfig", include=["tasks.notifications"])
