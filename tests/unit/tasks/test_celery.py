"""What `celery -A tasks beat` imports, in a process of its own: settings are read while it is imported."""

import subprocess
import sys

from dev.background import ROOT
from tests.system import environment, on_redis

_BEAT = """
import gc, sys
from celery import signals
from celery.bin.celery import main

sys.argv = ["celery", "-A", "tasks", "beat", "--help"]
try:
    main()
except SystemExit:
    pass
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

    assert done.stdout.splitlines()[-2:] == ["False False", "True"], done.stderr
