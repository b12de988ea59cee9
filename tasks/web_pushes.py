"""The task that sends what is due for Web Push, and the timer that does the same without beat and broker."""

import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from celery.signals import worker_process_shutdown

from core import events, file_lock
from core.cache import connect
from core.db import Database
from core.failpoints import failpoint
from core.push_endpoints import Endpoints
from core.storage import open_profiles
from tasks.celery import celery_app
from tasks.resources import counters, settings
from tasks.timer import Timer, follow_worker
from tasks.web_push_sender import AT_ONCE, Sender

_SECONDS = 20  # with the last call, less than the task's limit
_PAUSE_SECONDS = (5.0, 10.0)
_REDIS_SECONDS = 2
_turn = tempfile.TemporaryFile()  # noqa: SIM115  (all children of this worker inherit it)
_is_stopping = threading.Event()


@celery_app.task(name=events.WEB_PUSH_TASK, send_events=False, Request="tasks.quiet_request:QuietRequest")
def send() -> dict[str, int] | None:
    """Send what is due for Web Push; return how many devices were told, None for none.

    At most once for each notification and device: a crash between the call of a push service and its note loses it,
    and never repeats it. Of the processes of a worker only one sends at a time, so that others are free for dispatches.
    """
    if not settings().has_web_push:
        return None
    with timer.working():
        sent = _send_alone()
    return {"sent": sent} if sent else None


def _send_alone() -> int:
    with file_lock.held_among_siblings(_turn) as is_free:
        if not is_free:
            return 0
        return _sender().send_due(seconds=_SECONDS, is_stopping=_is_stopping.is_set)


def _send_if_on() -> None:
    if settings().has_web_push:
        _send_alone()


@cache
def _sender() -> Sender:
    # Connections of its own: a dispatch waits for none of this.
    config = settings()
    database = Database(config.database_url, schema=config.database_schema, pool_size=1)
    vapid = config.vapid
    assert vapid is not None  # noqa: S101  (callers have asked)
    return Sender(
        database=database,
        profiles=open_profiles(config, connect(config.redis_url, timeout_seconds=_REDIS_SECONDS), database),
        vapid=vapid,
        endpoints=Endpoints(config.web_push_private_origins),
        default_photo=config.default_photo,
        count=lambda outcome, count: counters().add("web_pushes", outcome, count),
        failpoint=lambda: failpoint("after web push", config),
        pool=ThreadPoolExecutor(AT_ONCE + 2, thread_name_prefix="web-push"),
    )


def _stop(**_about: object) -> None:
    _is_stopping.set()


# Before the timer's own handler, which waits for work that is running.
worker_process_shutdown.connect(_stop, weak=False)
timer = Timer("sending web pushes", _send_if_on, pause_seconds=_PAUSE_SECONDS)
follow_worker(timer)
