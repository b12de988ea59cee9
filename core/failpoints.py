"""Failpoints: named places where the failure tests kill a process. Nothing else sets FAILPOINT."""

import logging
import os
import signal

from core.settings import FailpointSettings

log = logging.getLogger(__name__)


def failpoint(name: str, settings: FailpointSettings) -> None:
    """Kill this process with SIGKILL if the settings name this failpoint."""
    if settings.failpoint == name:
        log.critical("dying at %r", name)
        os.kill(os.getpid(), signal.SIGKILL)
