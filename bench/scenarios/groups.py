"""What it costs a worker to gather notifications in groups, and how often it tells a burst."""

import json

from bench.bench import Bench
from bench.scenarios.follow import run_python
from bench.servers import environment

_SECONDS = 300  # a minute of them is the burst


def run(bench: Bench, database_url: str) -> None:
    env = {**environment(bench.redis_url, bench.redis_url, bench.folder), "DATABASE_URL": database_url}
    run_python(["-m", "alembic", "upgrade", "head"], env)
    for metric, value in json.loads(run_python(["-m", "bench.groups"], env, seconds=_SECONDS)).items():
        bench.results.add(metric, "ours", value)
