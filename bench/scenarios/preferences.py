"""What it costs a worker to keep to what users chose."""

import json

from bench.bench import Bench
from bench.scenarios.follow import run_python
from bench.servers import environment


def run(bench: Bench, database_url: str) -> None:
    env = {**environment(bench.redis_url, bench.redis_url, bench.folder), "DATABASE_URL": database_url}
    run_python(["-m", "alembic", "upgrade", "head"], env)
    for metric, value in json.loads(run_python(["-m", "bench.preferences"], env)).items():
        bench.results.add(metric, "ours", value)
