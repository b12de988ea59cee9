"""The work before a push: CPU of a follow in the API, and of its dispatch in a worker."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from sqlalchemy import func, select

from app.models import User
from app.services import accounts
from bench.bench import Bench
from bench.processes import Process, answers
from bench.servers import SECRET, environment
from core import tokens
from core.db import Database
from dev import ports
from dev.background import ROOT
from dev.environment import LOOPBACK

USERS = 100  # the first ones in the database
_CONNECTIONS = 8
_SECONDS = 60


def run(bench: Bench, *, follows: int) -> None:
    pairs = ((i % USERS, (i + 1 + i // USERS) % USERS) for i in range(USERS * (USERS - 1)))
    with serve_api(bench, users=USERS) as (api, port):
        connections = [http.client.HTTPConnection(LOOPBACK, port, timeout=_SECONDS) for _ in range(_CONNECTIONS)]
        _follow(connections, islice(pairs, USERS))
        used = api.tree_cpu_seconds()
        _follow(connections, islice(pairs, follows))
        bench.results.add("follow_us", "ours", 1e6 * (api.tree_cpu_seconds() - used) / follows)
    env = environment(bench.redis_url, bench.redis_url, bench.folder)
    bench.results.add("dispatch_us", "ours", float(run_python(["-m", "bench.dispatch"], env)))


@contextmanager
def serve_api(bench: Bench, *, users: int) -> Iterator[tuple[Process, int]]:
    """Run the API with at least so many users, whose ids count from 1; yield its process and its port."""
    env = environment(bench.redis_url, bench.redis_url, bench.folder)
    run_python(["-m", "alembic", "upgrade", "head"], env)
    _sign_up(env["DATABASE_URL"], users)
    with start_api(bench, env) as started:
        yield started


@contextmanager
def start_api(bench: Bench, env: dict[str, str]) -> Iterator[tuple[Process, int]]:
    """Run the API on a database that is migrated; yield its process and its port."""
    port = ports.find_free()
    with Process(_api(port), env=env, log=bench.folder / "api.log") as api:
        api.wait_ready(lambda: answers(f"http://{LOOPBACK}:{port}/readyz"))
        yield api, port


def _follow(connections: list[http.client.HTTPConnection], pairs: Iterator[tuple[int, int]]) -> None:
    """Send each follow, with one request at a time on each connection."""
    while batch := list(islice(pairs, len(connections))):
        for connection, (follower, target) in zip(connections, batch, strict=False):
            headers = {"Authorization": f"Bearer {_TOKENS[follower]}", "Content-Type": "application/json"}
            connection.request("POST", "/v1_0/user/followings", json.dumps({"target": target + 1}), headers)
        for connection, _ in zip(connections, batch, strict=False):
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 201:
                raise RuntimeError(f"a follow was answered {answer.status}: {text!r}")


_TOKENS = [tokens.sign(SECRET, user_id=1 + i) for i in range(USERS)]


def _sign_up(database_url: str, users: int) -> None:
    database = Database(database_url)
    with database.transaction() as connection:
        known = connection.scalar(select(func.count()).select_from(User)) or 0
        for i in range(known, users):
            accounts.sign_up(connection, name=f"user {i}", password_hash="nobody logs in")
    database.close()


def _api(port: int) -> list[str]:
    return [sys.executable, "-m", "app.serve", "--host", LOOPBACK, "--port", str(port), "--log-level", "error"]


def run_python(arguments: list[str], env: dict[str, str], *, seconds: float = _SECONDS) -> str:
    """Run Python with these settings; return what it prints, or raise RuntimeError."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout
