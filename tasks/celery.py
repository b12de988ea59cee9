"""The Celery application; `celery -A tasks` finds it."""

import gc
import os
import random
import sys
from typing import Any

import click
from celery import Celery, signals
from celery.app.amqp import AMQP
from kombu.connection import Connection

from core import service_links
from core.settings import SettingsError
from tasks import library_patches
from tasks.remote_control import Control

library_patches.apply()
# The command `celery` looks for modules in the current folder only while it imports this one. EVENTS and PROFILE_LOADER
# name modules that are imported later.
sys.path.append(os.getcwd())
service_links.remove(os.environ)  # Flower would read a variable FLOWER_... that Docker or Kubernetes has set

# `celery --broker URL` takes precedence over BROKER_URL. The settings read only the variable.
_command = click.get_current_context(silent=True)
if _command is not None and _command.params.get("broker"):
    os.environ["BROKER_URL"] = _command.params["broker"]


def _collect_garbage(**_about: object) -> None:
    gc.freeze()  # the collector can skip these objects, and processes that are forked share them
    gc.enable()


class _EagerConnection(Connection):
    """Tries to reach an unavailable broker every few seconds. Celery's pauses grow to 32 s, which delays pushes."""

    def ensure_connection(self, errback: Any = None, max_retries: int | None = None, **options: Any) -> Any:
        longest = random.uniform(2, 4)  # noqa: S311  (jitter)
        pauses = {"interval_start": 0.5, "interval_step": 0.5, "interval_max": longest}
        return super().ensure_connection(errback, max_retries, **{**pauses, **options})


class _Amqp(AMQP):
    Connection = _EagerConnection


_subcommand = _command and _command.invoked_subcommand
_after_imports = {"worker": signals.celeryd_init, "beat": signals.beat_init}.get(_subcommand or "")
if _after_imports is not None:
    gc.disable()  # the imports make many objects that live as long as the process, and hardly any garbage
    _after_imports.connect(_collect_garbage, weak=False)

_TASKS = ["notifications", "inbox", "web_pushes", "expiry", "revocations", "old_calls", "old_groups"]
# Beat sends tasks by their names and runs none: without them it starts in half the time, with a third less memory.
_modules = ["heartbeat", "beat_log", *([] if _subcommand == "beat" else _TASKS)]
_include = [f"tasks.{module}" for module in _modules]
celery_app = app = Celery("toutiao", amqp=_Amqp, control=Control, include=_include)
try:
    celery_app.config_from_object("celeryconfig", force=True)  # now, and not when the first setting is read
except SettingsError as error:
    sys.exit(str(error))
