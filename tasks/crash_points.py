"""Named places where the failure tests have a worker die. Nothing else sets CRASH_POINT."""

import os
import signal

from app.config import settings


def crash_point(name: str) -> None:
    if settings().crash_point == name:
        os.kill(os.getpid(), signal.SIGKILL)
