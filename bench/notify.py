"""Notifies as other apps do, and prints what that takes, by metric, as JSON: `python -m bench.notify calls`.

It runs with the settings of a system on PostgreSQL. See bench/scenarios/notify.py.
"""

import http.client
import json
import multiprocessing
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import psycopg
import socketio
from celery import Celery
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from core import event_documents, host
from core.settings import HostSettings, load_settings
from toutiao_push import Push, mint_token, wake_celery

_CALLS = 2000
_MANY = 1000
_WRITERS = 8
_SECONDS = 3.0
_PUSHES = 100
_PAUSE_SECONDS = 0.2  # after which all processes are idle
_EVENT = "liking notify"
_DATA = {"art_id": 7, "art_title": "A title of usual length"}
_PATH = "/v1_0/notifications"

Measured = dict[str, float]


def calls() -> Measured:
    """Return the CPU time of a call in this process, in microseconds; for `notify_many`, that of one recipient."""
    push, quiet = _push("notify"), _push(None)
    many = [str(uuid.uuid4()) for _ in range(_MANY)]
    with psycopg.connect(_plain_url()) as raw, raw.cursor() as cursor:
        measured = {
            "notify_cursor_us": _cpu_us(lambda: _notify(quiet, cursor)),
            "notify_cursor_wake_us": _cpu_us(lambda: _notify(push, cursor)),
            "notify_many_us": _cpu_us(lambda: push.notify_many(cursor, _EVENT, to=many, data=_DATA), count=20) / _MANY,
        }
        raw.rollback()
    with Session(create_engine(os.environ["DATABASE_URL"])) as session:
        measured["notify_us"] = _cpu_us(lambda: _notify(push, session))
        session.rollback()
    wake = wake_celery(_celery())

    def wake_and_wait() -> None:
        wake()
        wake.flush()

    measured["wake_us"] = _cpu_us(wake_and_wait, count=500)
    return measured


def delay() -> Measured:
    """Return the CPU time of Celery's `.delay()`, which is called once for each recipient."""
    app = _celery(task_default_queue="bench-delay")

    def notify(recipient_id: str, data: dict[str, Any]) -> None:
        """Nothing runs this task."""

    task = app.task(notify)
    return {"notify_us": _cpu_us(lambda: task.delay(str(uuid.uuid4()), _DATA))}


def request() -> Measured:
    """Return the CPU time of a call of the API for one recipient, on the side of the caller."""
    url, headers = urlsplit(os.environ["API_URL"]), {"Authorization": f"Bearer {os.environ['SERVICE_KEY']}"}
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=30)

    def call() -> None:
        body = json.dumps({"event": _EVENT, "to": [str(uuid.uuid4())], "data": _DATA})
        connection.request("POST", _PATH, body, {**headers, "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 202:
            raise RuntimeError(f"a call was answered {answer.status}: {text!r}")

    return {"request_us": _cpu_us(call)}


def commits() -> Measured:
    """Return how many transactions with one notification are committed in a second while one process listens."""
    measured = {}
    with psycopg.connect(_plain_url(), autocommit=True) as listener:
        listener.execute("LISTEN toutiao_push")
        for name, wake in (("commits", None), ("commits_notify", "notify"), ("commits_broker", "broker")):
            measured[name] = _commits(wake)
            list(listener.notifies(timeout=0.1))
    return measured


def first_push() -> Measured:
    """Return the median time from a commit that follows a pause to the event in the client, in milliseconds."""
    user_id = time.time_ns() // 1000
    arrived: dict[int, float] = {}
    client = socketio.Client()
    client.on(_EVENT, lambda payload: arrived.setdefault(payload["id"], time.perf_counter()))
    token = mint_token(user_id, os.environ["JWT_SECRET"])
    client.connect(os.environ["IM_URL"], auth={"token": token}, transports=["websocket"])
    engine, measured = create_engine(os.environ["DATABASE_URL"]), {}
    for metric, wake in (("first_push_notify_ms", "notify"), ("first_push_broker_ms", wake_celery(_celery()))):
        push, times = _push(wake), []
        for _ in range(_PUSHES):
            time.sleep(_PAUSE_SECONDS)
            with Session(engine) as session:
                id_ = push.notify(session, _EVENT, to=user_id, data=_DATA)
                session.commit()
            times.append(_wait(arrived, id_, committed_at=time.perf_counter()))
        measured[metric] = statistics.median(times)
    client.disconnect()
    return measured


def fill() -> Measured:
    """Commit four notifications for the worker to each of 1,000 recipients, whose ids are UUIDs."""
    push, many = _push(None), [str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))) for number in range(_MANY)]
    with psycopg.connect(_plain_url()) as connection, connection.cursor() as cursor:
        for _ in range(4):
            push.notify_many(cursor, _EVENT, to=many, actor=1, data=_DATA)
    return {}


def _push(wake: Any) -> Push:
    return Push(event_documents.export(), wake=wake)


def _notify(push: Push, session: Any) -> None:
    push.notify(session, _EVENT, to=str(uuid.uuid4()), actor=1, data=_DATA)


def _commits(wake: str | None) -> float:
    """Return the commits of all writers in a second."""
    processes = multiprocessing.get_context("spawn")
    counts, start = processes.Queue(), processes.Barrier(_WRITERS, timeout=60)
    writers = [processes.Process(target=_write, args=(wake, start, counts)) for _ in range(_WRITERS)]
    for writer in writers:
        writer.start()
    total: float = sum(counts.get(timeout=120) for _ in writers)
    for writer in writers:
        writer.join(60)
    return total / _SECONDS


def _write(wake: str | None, start: Any, counts: Any) -> None:
    host.load_events(load_settings(HostSettings))
    push, count = _push(wake_celery(_celery()) if wake == "broker" else wake), 0
    with psycopg.connect(_plain_url()) as connection, connection.cursor() as cursor:
        start.wait()  # until all are there: while a process imports, it takes the CPU from the others
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            _notify(push, cursor)
            connection.commit()
            push.wake()
            count += 1
    counts.put(count)


def _cpu_us(call: Callable[[], object], *, count: int = _CALLS) -> float:
    call()
    started = time.process_time()
    for _ in range(count):
        call()
    return 1e6 * (time.process_time() - started) / count


def _wait(arrived: dict[int, float], id_: int | None, *, committed_at: float) -> float:
    """Return the milliseconds from the commit to the arrival."""
    while id_ not in arrived:
        if time.perf_counter() - committed_at > 10:
            raise RuntimeError(f"the push {id_} did not arrive in 10 s")
        time.sleep(0.0005)
    return 1000 * (arrived[id_] - committed_at)


def _celery(**settings: str) -> Celery:
    app = Celery(broker=os.environ["BROKER_URL"], set_as_current=False)
    app.conf.update(settings)
    return app


def _plain_url() -> str:
    return os.environ["DATABASE_URL"].replace("+psycopg", "")


_COMMANDS = {
    command.__name__.replace("_", "-"): command for command in (calls, delay, request, commits, first_push, fill)
}

if __name__ == "__main__":
    host.load_events(load_settings(HostSettings))
    print(json.dumps(_COMMANDS[sys.argv[1]]()))
