"""The measuring clients notice a server that is paused."""

import signal
import threading
import time

from tests.attacks.attackers import Target, attacked
from tests.attacks.bystanders import Bystanders
from tests.im import Im

_STILL_SECONDS = 0.7


def idle(_target: Target) -> None:
    time.sleep(0.1)


def test_paused_server_is_measured_and_no_push_is_missing(im: Im) -> None:
    with Bystanders(Target.of(im), im.process.popen.pid) as bystanders, attacked(Target.of(im), idle):
        calm = bystanders.watch(seconds=1)
        threading.Timer(0.3, lambda: _stand_still(im)).start()
        harmed = bystanders.watch(seconds=1)

    assert calm.pushes > 20
    assert (calm.missing, harmed.missing) == (0, 0)
    assert harmed.longest > 0.9 * _STILL_SECONDS > calm.p50


def _stand_still(im: Im) -> None:
    im.process.signal(signal.SIGSTOP)
    time.sleep(_STILL_SECONDS)
    im.process.signal(signal.SIGCONT)
