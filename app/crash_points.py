"""Named places on a notification's way where the failure tests have a process die. Nothing else sets CRASH_POINT."""

import logging
import os
import signal

from app.config import CrashSettings

log = logging.getLogger(__name__)


def crash_point(name: str, settings: CrashSettings) -> None:
    """Die here, as by kill -9, if the settings say so."""
    if settings.crash_point == name:
        log.critical("dying at %r", name)
        os.kill(os.getpid(), signal.SIGKILL)
