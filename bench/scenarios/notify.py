"""What it costs an app to notify, in its transaction, by a task or by HTTP; how soon the first push arrives."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.bench import Bench
from bench.processes import Process
from bench.scenarios.follow import run_python, start_api
from bench.servers import environment, serve
from core import service_keys
from dev.background import ROOT
from dev.environment import LOOPBACK

_CALLS = 2001  # of bench.notify, with the first one


def run(bench: Bench, database_url: str) -> None:
    key, line = service_keys.create("bench")
    env = {**environment(bench.redis_url, bench.redis_url, bench.folder), "DATABASE_URL": database_url}
    env |= {"SERVICE_KEYS": line, "SERVICE_KEY": key, "PYTHONPATH": str(ROOT / "clients" / "python" / "src")}
    run_python(["-m", "alembic", "upgrade", "head"], env)
    _measure(bench, env, "calls")
    _measure(bench, env, "delay", peer="stock")
    with start_api(bench, env) as (api, port):
        env["API_URL"] = f"http://{LOOPBACK}:{port}"
        used = api.tree_cpu_seconds()
        _measure(bench, env, "request")
        bench.results.add("request_api_us", "ours", 1e6 * (api.tree_cpu_seconds() - used) / _CALLS)
    _measure(bench, env, "commits")
    _dispatch_us(bench, env)  # all histories begin here, as they have in a system that runs
    bench.results.add("dispatch_text_us", "ours", _dispatch_us(bench, env))
    with _worker(bench, env), serve("ours", env=env, folder=bench.folder) as server:
        env["IM_URL"] = f"http://{LOOPBACK}:{server.port}"
        _measure(bench, env, "first-push")


def _dispatch_us(bench: Bench, env: dict[str, str]) -> float:
    _measure(bench, env, "fill")
    return float(run_python(["-m", "bench.dispatch"], env))


def _measure(bench: Bench, env: dict[str, str], what: str, *, peer: str = "ours") -> None:
    for metric, value in json.loads(run_python(["-m", "bench.notify", what], env)).items():
        bench.results.add(metric, peer, value)


@contextmanager
def _worker(bench: Bench, env: dict[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-c", "1", "-l", "INFO", "--without-mingle"]
    log = bench.folder / "worker.log"
    with Process(command, env=env, log=log) as worker:
        worker.wait_ready(lambda: b"ready." in log.read_bytes())
        yield
