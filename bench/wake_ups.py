"""Measures what it costs to notify with the package for hosts, and how soon the first push after a pause arrives.

Run it with the settings of a system: `commits` and `cpu` need only DATABASE_URL (migrated; no worker should run) and
BROKER_URL, `first-push` needs all, and JWT_SECRET and the port of an IM server.
"""

import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg
import socketio
from celery import Celery
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from toutiao_push import Push, mint_token, wake_celery

_SECONDS = 5.0
_ROUNDS = 3
_CALLS = 2000
_PUSHES = 40
_EVENT = "following notify"
_EVENTS = {"version": 1, "events": {_EVENT: {"former_names": [], "schema": {"type": "object", "properties": {}}}}}


def _plain_url() -> str:
    return os.environ["DATABASE_URL"].replace("+psycopg", "")


def _write(wake: Any, seconds: float, start: Any, counts: Any) -> None:
    push, count = Push(_EVENTS, wake=wake), 0
    with psycopg.connect(_plain_url()) as connection, connection.cursor() as cursor:
        start.wait()  # until all are there: while a process imports, it takes the CPU from the others
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            push.notify(cursor, _EVENT, to=f"bench-{count % 100}", actor=1)
            connection.commit()
            count += 1
    counts.put(count / seconds)


def commits() -> None:
    """Print how many transactions with one notification are committed in a second, while one process listens."""
    processes = multiprocessing.get_context("spawn")
    with psycopg.connect(_plain_url(), autocommit=True) as listener:
        listener.execute("LISTEN toutiao_push")
        for writers in (1, 8):
            for wake in (None, "notify"):
                samples = []
                for _ in range(_ROUNDS):
                    counts, start = processes.Queue(), processes.Barrier(writers, timeout=60)
                    arguments = (wake, _SECONDS, start, counts)
                    started = [processes.Process(target=_write, args=arguments) for _ in range(writers)]
                    for process in started:
                        process.start()
                    samples.append(sum(counts.get(timeout=120) for _ in started))
                    for process in started:
                        process.join(60)
                    list(listener.notifies(timeout=0.1))
                print(f"{writers} writers, wake={wake!r}: {statistics.median(samples):.0f} commits/s")


def cpu() -> None:
    """Print the CPU time of this process for a call."""
    engine = create_engine(os.environ["DATABASE_URL"])
    push, quiet = Push(_EVENTS), Push(_EVENTS, wake=None)
    many = [f"bench-{n}" for n in range(1000)]
    with psycopg.connect(_plain_url()) as raw, raw.cursor() as cursor:
        _print_cpu("notify, psycopg cursor, wake=None", lambda: quiet.notify(cursor, _EVENT, to="bench"))
        _print_cpu("notify, psycopg cursor, wake='notify'", lambda: push.notify(cursor, _EVENT, to="bench"))
        _print_cpu("notify_many of 1,000, psycopg cursor", lambda: push.notify_many(cursor, _EVENT, to=many), calls=50)
        raw.rollback()
    with Session(engine) as session:
        _print_cpu("notify, Session, wake='notify'", lambda: push.notify(session, _EVENT, to="bench"))
        session.rollback()
    wake = wake_celery(Celery(broker=os.environ["BROKER_URL"], set_as_current=False))

    def wake_and_wait() -> None:
        wake()
        wake.flush()

    _print_cpu("wake_celery, one task for each call", wake_and_wait, calls=500)
    _print_cpu("wake_celery, calls that come at once", wake)
    wake.flush()


def _print_cpu(name: str, call: Callable[[], object], *, calls: int = _CALLS) -> None:
    call()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(calls):
        call()
    spent, passed = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{name}: {spent / calls * 1e6:.0f} us CPU, {passed / calls * 1e6:.0f} us in all")


def first_push() -> None:
    """Print how long after a commit, which follows a pause, the push arrives."""
    user_id = time.time_ns() // 1000
    arrived: dict[int, float] = {}
    client = socketio.Client()
    client.on(_EVENT, lambda payload: arrived.setdefault(payload["id"], time.perf_counter()))
    client.connect(
        f"http://127.0.0.1:{os.environ['IM_PORT']}", auth={"token": mint_token(user_id, os.environ["JWT_SECRET"])}
    )
    app = Celery(broker=os.environ["BROKER_URL"], set_as_current=False)
    engine = create_engine(os.environ["DATABASE_URL"])
    for name, wake in (("NOTIFY", "notify"), ("broker", wake_celery(app)), ("timers alone", None)):
        push, times = Push(_EVENTS, wake=wake), []  # type: ignore[arg-type]
        for _ in range(_PUSHES if wake else 10):
            time.sleep(0.3)
            with Session(engine) as session:
                id_ = push.notify(session, _EVENT, to=user_id, actor=1)
                session.commit()
            committed = time.perf_counter()
            while id_ not in arrived and time.perf_counter() - committed < 10:
                time.sleep(0.0005)
            times.append((arrived[id_] - committed) * 1000)  # type: ignore[index]
        p95 = statistics.quantiles(times, n=20)[-1]
        print(f"first push by {name}: p50 {statistics.median(times):.1f} ms, p95 {p95:.1f} ms")
    client.disconnect()


if __name__ == "__main__":
    {"commits": commits, "cpu": cpu, "first-push": first_push}[sys.argv[1]]()
