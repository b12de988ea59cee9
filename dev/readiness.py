"""Checks whether each part of the system answers."""

import http.client
import threading
from collections.abc import Callable, Mapping

from amqp.exceptions import AMQPError
from celery import Celery
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from core import broker
from core.keys import Keys
from dev.environment import LOOPBACK
from tasks.remote_control import Control

_ASK_SECONDS = 1
_PAUSE_SECONDS = 0.2

# Returns why the part is not ready, or None when it is.
Check = Callable[[], str | None]


class Readiness:
    """Asks each part until it answers. It uses a separate thread, so that a slow answer does not delay a signal."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self.missing = dict.fromkeys(checks, "was not asked yet")
        self._checks = checks
        self._pause = threading.Event()
        threading.Thread(target=self._ask, name="readiness", daemon=True).start()

    def is_complete(self) -> bool:
        return not self.missing

    def describe(self) -> str:
        """Return which parts are not ready, and why."""
        return "not ready in time: " + "; ".join(f"{name} {reason}" for name, reason in list(self.missing.items()))

    def _ask(self) -> None:
        while self.missing:
            for name in list(self.missing):
                reason = self._checks[name]()
                if reason is None:
                    del self.missing[name]
                else:
                    self.missing[name] = reason
            self._pause.wait(_PAUSE_SECONDS)


def http_check(port: int, path: str, expected: int = 200) -> Check:
    """Return a check that GET path on a loopback port answers with the expected status."""

    def check() -> str | None:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ASK_SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            if answer.status == expected:
                return None
            return (
                f"answers {answer.status} to GET {path}: {' '.join(answer.read(500).decode(errors='replace').split())}"
            )
        except (OSError, http.client.HTTPException) as error:
            return f"does not answer GET {path} ({error})"
        finally:
            connection.close()

    return check


def worker_check(broker_url: str, keys: Keys, node: str) -> Check:
    """Return a check that the Celery worker of this node name answers a ping over the broker."""
    probe = Celery("readiness", control=Control, set_as_current=False)
    probe.conf.update(broker.celery_settings(broker_url, keys))

    def check() -> str | None:
        try:
            is_there = bool(probe.control.ping(destination=[node], timeout=_ASK_SECONDS))
        except (OSError, AMQPError, KombuError, RedisError) as error:
            return f"can't be asked ({error})"
        return None if is_there else "does not answer a ping"

    return check
