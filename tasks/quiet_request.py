"""Which events of a dispatch Flower receives."""

import time
from typing import Any

from celery.worker.request import Request

# Before the result is known; or the message has expired, and beat has already sent another.
_EARLY = ("task-started", "task-revoked")


class QuietRequest(Request):
    """Sends all events of a dispatch that pushed something or failed, and no event of any other dispatch.

    Beat sends a dispatch every 2 s. Flower would show so many that find nothing that nobody could find the others.
    """

    def send_event(self, type: str, **fields: Any) -> None:
        if type in _EARLY or fields.get("result") == repr(None):
            return
        if self._eventer and self._eventer.enabled:
            started_at = self.time_start or time.time()
            named = {"name": self.name, "args": self.argsrepr, "kwargs": self.kwargsrepr, "root_id": self.root_id}
            self._eventer.send("task-received", uuid=self.id, timestamp=started_at, retries=0, **named)
            self._eventer.send("task-started", uuid=self.id, timestamp=started_at)
            self._eventer.send(type, uuid=self.id, **fields)
