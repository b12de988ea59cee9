"""What Flower sees of a dispatch."""

import time
from typing import Any

from celery.worker.request import Request

_EARLY = ("task-started", "task-revoked")  # nobody knows yet; or it came too late to be run, and beat has asked again


class QuietRequest(Request):
    """Sends no event before it is known that something was pushed or failed, and then all of them.

    Beat asks for a dispatch every 2 s. Events of those that find nothing would bury the others.
    """

    def send_event(self, type: str, **fields: Any) -> None:
        if type in _EARLY or fields.get("result") == repr(None):
            return
        if self._eventer and self._eventer.enabled:
            began_at = self.time_start or time.time()
            named = {"name": self.name, "args": self.argsrepr, "kwargs": self.kwargsrepr, "root_id": self.root_id}
            self._eventer.send("task-received", uuid=self.id, timestamp=began_at, retries=0, **named)
            self._eventer.send("task-started", uuid=self.id, timestamp=began_at)
            self._eventer.send(type, uuid=self.id, **fields)
