"""What `celery -A tasks beat` imports, in a process of its own: settings are read while it is imported."""

import subprocess
import sys

from dev.background import ROOT
from tests.system import environment, on_redis

_BEAT = """
import gc, sys
import click
from celery import signals
from celery.bin.celery import celery

context = click.Context(celery)
context.invoked_subcommand = "beat"
with context:
    from tasks.celery import app
app.loader.init_worker()
print("tasks.notifications" in sys.modules, gc.isenabled())
signals.beat_init.send(sender=None)
print(gc.isenabled())
"""


def test_beat_imports_no_tasks_and_collects_garbage_after_its_start() -> None:
    env = {**environment(ROOT), **on_redis("redis://127.0.0.1:1/0")}

    done = subprocess.run(
        [sys.executable, "-c", _BEAT], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout.splitlines() == ["False False", "True"], done.stderr
