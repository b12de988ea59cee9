"""The Celery application; `celery -A tasks` finds it."""

import os
import random
import sys
from typing import Any

from billiard import pool
from celery import Celery
from celery.app.amqp import AMQP
from kombu.connection import Connection

from app import log, service_links
from app.config import SettingsError

# A child that ends waits until its parent has counted every result; now and then one is never counted, and it waits
# 30 s. What it waits for is safe without: tasks are acknowledged late, and a repeat does no harm.
pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 20  # times 0.1 s

# Before Celery sets up its log, and Flower its own: what they write passes through here all the same.
log.escape_records()
service_links.remove(os.environ)  # Flower reads each FLOWER_... by itself


class _EagerConnection(Connection):
    """Looks for a broker that is away every few seconds. By default the pauses grow to 32, all of them push delay."""

    def ensure_connection(self, errback: Any = None, max_retries: int | None = None, **options: Any) -> Any:
        longest = random.uniform(2, 4)  # noqa: S311  (jitter)
        pauses = {"interval_start": 0.5, "interval_step": 0.5, "interval_max": longest}
        return super().ensure_connection(errback, max_retries, **{**pauses, **options})


class _Amqp(AMQP):
    Connection = _EagerConnection


celery_app = app = Celery("toutiao", amqp=_Amqp, include=["tasks.notifications", "tasks.heartbeat", "tasks.beat_log"])
try:
    celery_app.config_from_object("celeryconfig", force=True)  # at once, and not when something first asks
except SettingsError as error:
    sys.exit(str(error))
